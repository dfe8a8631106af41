import CSluice
import Domain

// Modifies and cancels of one login that travel together, where the broker takes them so. One token an order; partial
// success is normal.

extension SessionCore {
    func modifyBatch(_ range: Range<Int>) {
        guard let network else { return }
        var items: [(token: UInt64, command: ModifyCommand)] = []
        for place in range {
            let entry = taken[place]
            guard case .modify(let command) = entry.command else { continue }
            let account = command.reference.accountIndex
            if let cause = obstacle(.modify, account: account, deadline: command.deadline, reducesRisk: false) {
                refuse(entry, cause)
            } else if isStopped(entry, .modify, account: account, deadline: command.deadline ?? .max) {
                continue
            } else if let token = issue(
                .modify, id: command.id, queued: entry.queued, deadline: command.deadline, account: account)
            {
                items.append((token, command))
            } else {
                refuse(entry, .queueFull)
            }
        }
        guard !items.isEmpty else { return }
        let mark = events.count
        let span = scratch.list(items, of: sluice_modify_item.self) { item, entity in
            entity.token = item.token
            entity.ref = UnsafePointer(scratch.orderReference(item.command.reference))
            entity.changes = UnsafePointer(scratch.changes(of: item.command))
        }
        let status = withExtendedLifetime(items) { call(.modifyBatch) { network.calls.modifyBatch($0, span) } }
        for item in items { end(item.token, status, mark, .modifyBatch, item.command.deadline) }
    }

    func cancelBatch(_ range: Range<Int>) {
        guard let network else { return }
        var items: [(token: UInt64, command: CancelCommand)] = []
        for place in range {
            let entry = taken[place]
            guard case .cancel(let command) = entry.command else { continue }
            let account = command.reference.accountIndex
            if let cause = obstacle(.cancel, account: account, deadline: command.deadline, reducesRisk: true) {
                refuse(entry, cause)
            } else if isStopped(entry, .cancel, account: account, deadline: command.deadline ?? .max) {
                continue
            } else if let token = issue(
                .cancel, id: command.id, queued: entry.queued, deadline: command.deadline, account: account)
            {
                items.append((token, command))
            } else {
                refuse(entry, .queueFull)
            }
        }
        guard !items.isEmpty else { return }
        let mark = events.count
        let span = scratch.list(items, of: sluice_cancel_item.self) { item, entity in
            entity.token = item.token
            entity.ref = UnsafePointer(scratch.orderReference(item.command.reference))
        }
        let status = withExtendedLifetime(items) { call(.cancelBatch) { network.calls.cancelBatch($0, span) } }
        for item in items { end(item.token, status, mark, .cancelBatch, item.command.deadline) }
    }

    private func end(
        _ token: UInt64, _ status: sluice_status, _ mark: Int, _ function: LaneFunction, _ deadline: Int64?
    ) {
        if status < 0 {
            returned(status, token: token, mark: mark, function)
        } else {
            watchDeadline(token, deadline ?? .max)
        }
    }
}
