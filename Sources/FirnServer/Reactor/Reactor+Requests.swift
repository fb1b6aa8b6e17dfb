internal import FirnEngine
internal import FirnWire

/// Answering requests that waited.
extension Reactor {
    /// Fails the requests whose deadline has passed, then serves those whose tick has begun.
    func serveRequests() {
        guard requests.isDue else { return }
        requests.expire(&deliveries)
        deliver()
        while let peer = requests.nextTurn() {
            let connection = connection(of: peer)
            requests.serve(peer, room: outputLimit(of: connection), &deliveries)
            connection.isParked = requests.isParked(peer)
            if connection.isParked || !deliveries.isEmpty { deliver(to: connection) }
        }
    }

    /// Handles answers of the store that requests wait for.
    func storeAnswered(_ answers: [StoreAnswer]) {
        for answer in answers { requests.storeAnswered(answer, &deliveries) }
        // Groups the answers by peer and keeps their order: the sort is stable.
        deliveries.sort { $0.peer.slot < $1.peer.slot }
        deliver()
    }

    /// Refuses the waiting requests of a connection's peer.
    func refuseRequests(of connection: Connection, _ status: Status) {
        requests.refuse(connection.session.peer, status, &deliveries)
        deliver(to: connection)
    }

    /// Writes the answers, and sends each peer's with one system call.
    private func deliver() {
        guard !deliveries.isEmpty else { return }
        var next = 0
        while next < deliveries.count {
            let peer = deliveries[next].peer
            while next < deliveries.count, deliveries[next].peer == peer {
                output.append(deliveries[next].response)
                next += 1
            }
            answered(connection(of: peer))
        }
        forgetDeliveries()
    }

    /// Writes and sends answers that are all of one peer.
    private func deliver(to connection: Connection) {
        for delivery in deliveries { output.append(delivery.response) }
        forgetDeliveries()
        answered(connection)
    }

    /// The memory for answers to thousands of peers at once is not needed again soon.
    private func forgetDeliveries() {
        deliveries.removeAll(keepingCapacity: deliveries.count <= 1024)
    }
}
