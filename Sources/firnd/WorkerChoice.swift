internal import FirnConfiguration
internal import FirnLayout
internal import FirnServer
internal import FirnWindows
internal import Glibc

/// The source of a daemon's worker number, as `--worker` specifies it.
enum WorkerChoice: Equatable {
    case auto
    case number(UInt32)
    case podAddress
    case ordinal

    init(parsing text: String) throws(ConfigurationError) {
        switch text {
        case "auto": self = .auto
        case "pod-ip": self = .podAddress
        case "ordinal": self = .ordinal
        default:
            guard let number = UInt32(text) else {
                throw ConfigurationError("--worker is '\(text)'; write auto, a number, pod-ip or ordinal")
            }
            self = .number(number)
        }
    }

    /// The resulting rule, with the number if there is one.
    ///
    /// - Parameters:
    ///   - podAddress: the pod's IP address, if known.
    ///   - podName: the pod's name, if known.
    ///   - podIndex: the pod's index in its StatefulSet, from the label that Kubernetes sets, if known.
    func rule(
        layout: Layout,
        podAddress: String?,
        podName: String?,
        podIndex: String?
    ) throws(ConfigurationError) -> WorkerRule {
        switch self {
        case .auto:
            return .auto
        case .number(let number):
            return .fixed(try Self.fitting(UInt64(number), layout, "--worker \(number)"))
        case .podAddress:
            return .fixed(try Self.worker(ofAddress: podAddress, layout: layout))
        case .ordinal:
            if let podIndex { return .fixed(try Self.worker(ofPodIndex: podIndex, layout: layout)) }
            return .fixed(try Self.worker(ofPodName: podName, layout: layout))
        }
    }

    /// The low bits of the address, as many as the worker field has. They are unique only among pods whose addresses
    /// differ in these bits; otherwise the store's record refuses the second pod.
    private static func worker(ofAddress text: String?, layout: Layout) throws(ConfigurationError) -> UInt32 {
        guard let text, !text.isEmpty else {
            throw ConfigurationError(
                "--worker pod-ip lacks the pod's address; set MY_IP from status.podIP, or give --pod-ip"
            )
        }
        guard let address = ipv4(text) else {
            throw ConfigurationError(
                "--worker pod-ip: '\(text)' is not an IPv4 address (nor one mapped into IPv6); "
                    + "the low bits of other IPv6 addresses are no pod's number: choose --worker auto"
            )
        }
        return UInt32(UInt64(address) & layout.maximumWorker)
    }

    /// Reads `10.1.2.3` and `::ffff:10.1.2.3`.
    private static func ipv4(_ text: String) -> UInt32? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return UInt32(bigEndian: four.s_addr) }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        return withUnsafeBytes(of: &six) { bytes in
            // RFC 4291, 2.5.5.2: 80 zero bits, 16 one bits, the IPv4 address.
            guard bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF else { return nil }
            return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
        }
    }

    /// The label `apps.kubernetes.io/pod-index` (Kubernetes 1.32), in `POD_INDEX`.
    private static func worker(ofPodIndex text: String, layout: Layout) throws(ConfigurationError) -> UInt32 {
        guard let index = ordinal(text[...]) else {
            throw ConfigurationError(
                "--worker ordinal: POD_INDEX is '\(text)', which is no number; set it from the label "
                    + "apps.kubernetes.io/pod-index, or leave it out and set POD_NAME from metadata.name"
            )
        }
        return try fitting(index, layout, "the POD_INDEX \(index)")
    }

    /// The number at the end of a StatefulSet pod's name: `firn-2` is 2. Other names also end in numbers, above all
    /// names that clouds derive from a host's address, such as `ip-10-0-3-17`.
    private static func worker(ofPodName name: String?, layout: Layout) throws(ConfigurationError) -> UInt32 {
        guard let name = name ?? hostName, !name.isEmpty else {
            throw ConfigurationError(
                "--worker ordinal lacks the pod's name; set POD_NAME from metadata.name, or POD_INDEX from the label "
                    + "apps.kubernetes.io/pod-index"
            )
        }
        let words = name.split(separator: "-", omittingEmptySubsequences: false)
        guard words.count > 1, !words[0].isEmpty, let ordinal = ordinal(words[words.count - 1]) else {
            throw ConfigurationError(
                "--worker ordinal: the name '\(name)' does not end in a dash and a number, as a StatefulSet's pods' do; "
                    + "choose --worker auto elsewhere"
            )
        }
        guard words.count < 4 || words.suffix(4).contains(where: { UInt8($0) == nil }) else {
            throw ConfigurationError(
                "--worker ordinal: the name '\(name)' ends in an address and not in a StatefulSet's number; set POD_NAME "
                    + "from metadata.name, or POD_INDEX from the label apps.kubernetes.io/pod-index, or choose --worker auto"
            )
        }
        return try fitting(ordinal, layout, "the ordinal of '\(name)'")
    }

    /// A number as Kubernetes writes it: digits without leading zeros.
    private static func ordinal(_ text: Substring) -> UInt64? {
        guard let number = UInt64(text), "\(number)" == text else { return nil }
        return number
    }

    private static func fitting(_ number: UInt64, _ layout: Layout, _ what: String) throws(ConfigurationError) -> UInt32
    {
        guard number <= layout.maximumWorker, let worker = UInt32(exactly: number) else {
            throw ConfigurationError(
                "\(what) does not fit the worker field of the layout \(layout.name), which goes to \(layout.maximumWorker)"
            )
        }
        return worker
    }

    /// The host name, which in a pod is the pod's name.
    static var hostName: String? {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
