import Domain

extension Routes {
    static let reconciliation: [Route] = [
        Route(
            .get, "/api/reconciliation", .scope(.read), "Our books beside the brokers', account by account",
            query: account, answer: "ReconciliationList"
        ) { try await $0.listReconciliations($1) },
        Route(
            .post, "/api/reconciliation", .scope(.risk), "Compares now, and waits for the result",
            query: [Route.Parameter(name: "timeout_ms", kind: .integer, note: "0 to 60000, default 10000")],
            body: .reconcileRequest, answer: "ReconciliationList"
        ) { try await $0.reconcile($1) },
        Route(
            .post, "/api/orders/{id}/resolve", .scope(.risk), "A person settles an order that evidence does not",
            needsIdempotencyKey: true, body: .resolveRequest, answer: "Order"
        ) { try await $0.resolveOrder($1) },
        Route(
            .post, "/api/orders/{id}/release", .scope(.trade), "A held order goes now, or is dropped",
            needsIdempotencyKey: true, body: .releaseRequest, answer: "Order"
        ) { try await $0.releaseOrder($1) },
    ]
}
