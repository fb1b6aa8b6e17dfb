package import ArgumentParser

extension Option where Value == DurationText {
    /// An option with a default whose refusal says what is wrong with the text, such as that it has no unit. A type that is
    /// `ExpressibleByArgument` can only be refused without a reason.
    package init(wrappedValue: DurationText, duration help: ArgumentHelp) {
        // The parser shows no default for an option with a transform.
        var help = help
        help.abstract += " (default: \(wrappedValue.defaultValueDescription))"
        self.init(wrappedValue: wrappedValue, help: help, transform: DurationText.init(parsing:))
    }
}
