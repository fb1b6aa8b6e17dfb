internal import FirnWire

/// Counts one thread's calls on their way into its ``ShardMeter``.
///
/// The commonest call, a single ID at once, costs one addition to a number in plain memory; it reaches the meter with the
/// others of its connection, before their answers are sent: a client that has an answer finds it counted. How long calls took is found by
/// one more reading of the clock a wake-up, after the answers were sent.
///
/// For one thread; not `Sendable`.
package final class CallRecorder {
    let meter: ShardMeter
    /// Single IDs given and not yet counted.
    private var singles: UInt64 = 0
    /// Calls that came in this wake-up and were answered in it.
    private var prompt: UInt64 = 0

    package init(_ meter: ShardMeter) {
        self.meter = meter
    }

    /// A single ID was given to a call of this wake-up.
    @inline(__always)
    func gaveSingle() {
        singles &+= 1
    }

    /// A call has ended.
    ///
    /// - Parameters:
    ///   - began: when it was read, and
    ///   - now: the present wake-up; boot nanoseconds.
    func ended(_ method: CallMethod, _ code: CallCode, began: Int64, now: Int64) {
        meter.ended(method, code)
        if began == now {
            prompt &+= 1
        } else {
            meter.took(nanoseconds: now - began)
        }
    }

    /// Counts what is not yet counted. To be called before answers are sent.
    func count() {
        guard singles > 0 else { return }
        meter.ended(.nextID, .ok, count: singles)
        meter.gave(ids: singles)
        prompt &+= singles
        singles = 0
    }

    /// Whether ``sent(after:)`` has something to count.
    var awaitsSending: Bool { prompt > 0 }

    /// The answers were sent.
    ///
    /// - Parameter nanoseconds: from the wake-up's beginning until then. It counts for each call of the wake-up.
    func sent(after nanoseconds: Int64) {
        meter.took(nanoseconds: nanoseconds, count: prompt)
        prompt = 0
    }
}
