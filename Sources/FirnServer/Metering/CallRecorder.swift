internal import FirnWire

/// Counts one thread's calls before they are added to its ``ShardMeter``.
///
/// The most common call, for a single ID that is available at once, costs one addition to a number in plain memory.
/// That number is added to the meter with the other calls of its connection before their answers are sent, so that a
/// client that has an answer finds it counted. To measure how long calls took, the clock is read once more per wake-up,
/// after the answers were sent.
///
/// For one thread; not `Sendable`.
package final class CallRecorder {
    let meter: ShardMeter
    /// Single IDs that were given out and are not counted yet.
    private var singles: UInt64 = 0
    /// Calls that arrived in this wake-up and were answered in it.
    private var prompt: UInt64 = 0

    package init(_ meter: ShardMeter) {
        self.meter = meter
    }

    /// Records that a single ID was given to a call of this wake-up.
    @inline(__always)
    func gaveSingle() {
        singles &+= 1
    }

    /// Records that a call has ended.
    ///
    /// - Parameters:
    ///   - began: when it was read, in boot nanoseconds.
    ///   - now: the time of the current wake-up, in boot nanoseconds.
    func ended(_ method: CallMethod, _ code: CallCode, began: Int64, now: Int64) {
        meter.ended(method, code)
        if began == now {
            prompt &+= 1
        } else {
            meter.took(nanoseconds: now - began)
        }
    }

    /// Adds what is not counted yet to the meter. Call it before answers are sent.
    func count() {
        guard singles > 0 else { return }
        meter.ended(.nextID, .ok, count: singles)
        meter.gave(ids: singles)
        prompt &+= singles
        singles = 0
    }

    /// Whether ``sent(after:)`` has something to count.
    var awaitsSending: Bool { prompt > 0 }

    /// Records that the answers were sent.
    ///
    /// - Parameter nanoseconds: from the wake-up's beginning until then. It is recorded for each call of the wake-up.
    func sent(after nanoseconds: Int64) {
        meter.took(nanoseconds: nanoseconds, count: prompt)
        prompt = 0
    }
}
