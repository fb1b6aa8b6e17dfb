/// The system's random numbers, for the claims' write tokens and choices.
///
/// In a box, for Swift's own generator has no stored property: under ThreadSanitizer Swift 6.3 passes such a value `inout`
/// by an address that means nothing, which is taken for a race, or crashes.
package func systemRandom() -> any RandomNumberGenerator { SystemRandomNumberGenerator() }
