/// An error in a layout, an ID, a time or a range of them: what is wrong, the value, and what to do.
public struct LayoutError: Error, Hashable, Sendable {
    /// The kind of failure, for programs. Later versions may add codes: a `switch` over them needs a `default`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case invalidLayout, invalidID, invalidTime, noSuchField, valueOutOfRange, emptyRange, beforeEpoch, pastEnd
        }

        private let kind: Kind

        /// A text or numbers that do not describe a layout.
        public static let invalidLayout = Code(kind: .invalidLayout)
        /// A text is not an ID of the format.
        public static let invalidID = Code(kind: .invalidID)
        /// A text is not an RFC 3339 time.
        public static let invalidTime = Code(kind: .invalidTime)
        /// The layout does not have a field that the operation needs.
        public static let noSuchField = Code(kind: .noSuchField)
        /// A value does not fit in its field.
        public static let valueOutOfRange = Code(kind: .valueOutOfRange)
        /// No ID can be in the range of time.
        public static let emptyRange = Code(kind: .emptyRange)
        /// A time is before the layout's epoch.
        public static let beforeEpoch = Code(kind: .beforeEpoch)
        /// A time is past the end of the layout's time field.
        public static let pastEnd = Code(kind: .pastEnd)

        /// The code's name.
        public var description: String { kind.rawValue }
    }

    /// The kind of failure, for programs.
    public let code: Code
    /// What was wrong, with the value, and what to do: complete sentences for a person. Texts from outside are quoted,
    /// escaped and shortened, so that the message is safe in a log and shorter than 2 KiB.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension LayoutError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}

extension StringProtocol {
    /// The text in quotes for a message: control characters are escaped, and a long text is shortened.
    package var quoted: String {
        let maximumLength = 80  // Longer than any right layout, ID or time; the rest would only fill a log.
        let start = unicodeScalars.prefix(maximumLength)
        let isCut = start.endIndex < endIndex
        return String(reflecting: String(String.UnicodeScalarView(start))) + (isCut ? "…" : "")
    }
}
