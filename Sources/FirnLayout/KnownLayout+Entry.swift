// How the catalogue is written.
extension KnownLayout {
    /// A layout that is written out as a preset.
    ///
    /// - Parameter since: A day, such as `2015-01-01`.
    init(
        _ layout: Layout,
        otherNames: [String] = [],
        makers: String,
        source: String,
        since: String,
        textForm: String = "decimal",
        caution: String,
        rarity: Rarity = .common,
        workers: Habits.Workers = .numbered,
        sequences: Habits.Sequences = .counted,
        formats: [IDFormat] = []
    ) {
        guard let day = try? UTCTime(parsing: since + "T00:00:00Z") else {
            preconditionFailure("the catalogue has a wrong day: \(since)")
        }
        self.layout = layout
        self.otherNames = otherNames
        self.makers = makers
        self.source = source
        self.since = day
        self.textForm = textForm
        self.caution = caution
        self.rarity = rarity
        habits = Habits(workers: workers, sequences: sequences, formats: formats)
    }

    /// A layout that only the catalogue has, by its name and fields.
    init(
        _ name: String,
        _ fields: String,
        otherNames: [String] = [],
        makers: String,
        source: String,
        since: String,
        textForm: String = "decimal",
        caution: String,
        rarity: Rarity = .common,
        workers: Habits.Workers = .numbered,
        sequences: Habits.Sequences = .counted,
        formats: [IDFormat] = []
    ) {
        self.init(
            Layout(preset: name, fields: fields),
            otherNames: otherNames,
            makers: makers,
            source: source,
            since: since,
            textForm: textForm,
            caution: caution,
            rarity: rarity,
            workers: workers,
            sequences: sequences,
            formats: formats
        )
    }
}
