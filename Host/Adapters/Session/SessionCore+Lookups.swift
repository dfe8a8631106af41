import CSluice
import Domain
import Faults

extension SessionCore {
    func lookUp(_ entry: Inbox.Entry) { lookUp([entry]) }

    func lookUp(_ range: Range<Int>) { lookUp(Array(taken[range])) }

    private func lookUp(_ entries: [Inbox.Entry]) {
        var items: [(token: UInt64, command: LookupCommand)] = []
        for entry in entries {
            guard case .lookUp(let command) = entry.command else { continue }
            if let cause = obstacle(
                .reconcile, account: command.reference.accountIndex, deadline: command.deadline, reducesRisk: true)
            {
                refuse(entry, cause)
            } else if isStopped(
                entry, .lookup, account: command.reference.accountIndex, deadline: command.deadline ?? .max)
            {
                continue
            } else if let token = issue(
                .lookup, id: command.id, queued: entry.queued, deadline: command.deadline,
                account: command.reference.accountIndex)
            {
                items.append((token, command))
            } else {
                refuse(entry, .queueFull)
            }
        }
        guard !items.isEmpty else { return }
        let mark = events.count
        let size = MemoryLayout<sluice_reconcile_item>.size
        let memory = scratch.zeroed(size * items.count)
        for (index, item) in items.enumerated() {
            let entity = (memory + index * size).assumingMemoryBound(to: sluice_reconcile_item.self)
            entity.pointee.struct_size = UInt32(size)
            entity.pointee.token = item.token
            // The reference stands inside the item; its place in C is the one that Swift's key path names.
            let offset = MemoryLayout<sluice_reconcile_item>.offset(of: \.ref) ?? 0
            let reference = (memory + index * size + offset).assumingMemoryBound(to: sluice_order_ref.self)
            scratch.write(item.command.reference, to: reference)
            entity.pointee.written_time = sluiceTime(item.command.writtenTime)
        }
        let span = sluice_span(ptr: memory, count: UInt64(items.count), stride: UInt32(size), reserved: 0)
        FaultPoint.hit(.laneLookUpBefore)
        let status = withExtendedLifetime(items) { call(.reconcile) { calls.reconcile($0, span) } }
        FaultPoint.hit(.laneLookUpAfter)
        for item in items {
            if status < 0 {
                returned(status, token: item.token, mark: mark, LaneFunction.reconcile)
            } else {
                watchDeadline(item.token, item.command.deadline ?? .max)
            }
        }
    }
}
