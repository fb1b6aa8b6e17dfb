/// Somebody whose calls wait for the store, told from any thread that it has answered something.
package protocol StoreListener: AnyObject, Sendable {
    func storeAnswered()
}
