package import Domain

extension Engine {
    /// Instruments that an account has a position or a working order in: those whose prices it cannot do without.
    package func instrumentsInUse(of account: Int32) -> [InstrumentID] {
        book.positions(of: account).compactMap { position in
            guard position.quantity != 0 || position.openOrders > 0 else { return nil }
            return instruments[Int(position.instrument)].record.id
        }
    }
}
