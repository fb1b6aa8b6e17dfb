internal import ArgumentParser
internal import FirnConfiguration

/// The settings: the options that can also be given in the environment and in a file.
///
/// They are what the groups of `Options` define, found by reflection as the parser finds them, so an option that is added to
/// a group is a setting. The parser has no public way to list its definitions. `--experimental-dump-help` prints them as
/// JSON, which would cost an encoder and a decoder at each start; `SettingSourcesTests` compares both.
///
/// The types are compared and not cast to protocols: for each cast, the start would search all conformances in the
/// program, which took 1.3 ms.
enum Settings {
    /// How a setting's text is converted to arguments.
    enum Kind {
        /// One argument.
        case value
        /// An argument for each word; the option is repeatable.
        case list
        /// The option without a value, or nothing.
        case flag
    }

    private static let groups: [any ParsableArguments.Type] = [
        SocketOptions.self, TLSOptions.self, IDOptions.self, EtcdOptions.self, PostgresOptions.self,
        UpstreamOptions.self, LimitOptions.self, LogOptions.self,
    ]
    private static let repeatable: Any.Type = Option<[String]>.self

    /// The options that are accepted only on the command line. `config` has a variable, and cannot be in the file that
    /// it names; `check` and `clock-offset` could be forgotten in the file or the environment.
    static let commandLineOnly = ["config", "check", "clock-offset"]

    /// The settings by name, that is, the option's name without its dashes.
    static let kinds: [String: Kind] = {
        var kinds: [String: Kind] = [:]
        for group in groups {
            for (label, wrapper) in Mirror(reflecting: group.init()).children {
                let type = type(of: wrapper)
                kinds[name(ofProperty: label ?? "")] =
                    type == Flag<Bool>.self ? .flag : type == repeatable ? .list : .value
            }
        }
        for name in commandLineOnly { kinds[name] = nil }
        return kinds
    }()

    /// The option's name, which the parser derives from a property: `max-batch` for `_maxBatch`, its wrapper.
    private static func name(ofProperty label: String) -> String {
        var name: [UInt8] = []
        for byte in label.utf8.drop(while: { $0 == UInt8(ascii: "_") }) {
            let isUppercase = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            if isUppercase { name.append(UInt8(ascii: "-")) }
            name.append(isUppercase ? byte + 32 : byte)
        }
        return String(decoding: name, as: UTF8.self)
    }
}
