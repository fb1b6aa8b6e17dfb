/// Elements in numbered slots. A free slot is reused for the next element.
///
/// A free slot holds a vacant element instead of `nil`: with optionals, each access would copy the element.
struct Slots<Element> {
    private var elements: [Element] = []
    private var isTaken: [Bool] = []
    private var free: [Int] = []
    private let vacant: Element
    /// How many slots are taken.
    private(set) var count = 0

    init(vacant: Element) {
        self.vacant = vacant
    }

    /// The slot of the next element.
    var next: Int { free.last ?? elements.count }

    /// - Returns: the element's slot.
    mutating func insert(_ element: Element) -> Int {
        count += 1
        if let slot = free.popLast() {
            elements[slot] = element
            isTaken[slot] = true
            return slot
        }
        elements.append(element)
        isTaken.append(true)
        return elements.count - 1
    }

    /// Frees a slot. The memory is released with the last element.
    mutating func remove(_ slot: Int) {
        precondition(isTaken[slot], "a slot is freed once")
        elements[slot] = vacant
        isTaken[slot] = false
        count -= 1
        if count == 0 {
            (elements, isTaken, free) = ([], [], [])
        } else {
            free.append(slot)
        }
    }

    /// Whether the slot holds an element.
    func isTaken(_ slot: Int) -> Bool { isTaken.indices.contains(slot) && isTaken[slot] }

    /// The slots that hold elements.
    var taken: [Int] { isTaken.indices.filter { isTaken[$0] } }

    subscript(slot: Int) -> Element {
        _read { yield elements[slot] }
        _modify { yield &elements[slot] }
    }
}
