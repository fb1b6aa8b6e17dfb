/// The system's random numbers, for the claims' write tokens and choices.
///
/// It is boxed, because Swift's own generator has no stored property: under ThreadSanitizer, Swift 6.3 passes such a
/// value `inout` with a meaningless address, which is reported as a race, or crashes.
package func systemRandom() -> any RandomNumberGenerator { SystemRandomNumberGenerator() }
