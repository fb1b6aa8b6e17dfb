internal import ArgumentParser
internal import FirnConfiguration

/// The offset of a rehearsal's wall clock: `+1h`, `-90s`.
struct ClockOffset: ExpressibleByArgument {
    let value: Duration

    init() {
        value = .zero
    }

    init?(argument: String) {
        guard let sign = argument.first, sign == "+" || sign == "-",
            let amount = DurationText(argument: String(argument.dropFirst()))?.value
        else { return nil }
        value = sign == "-" ? .zero - amount : amount
    }

    var defaultValueDescription: String { "none" }
}
