import CSluice

extension Host {
    /// Calls one of the services of `services.h`; `.unsupported` where the host has none.
    @inline(__always)
    func callServices(
        _ body: (UnsafePointer<sluice_host>, UnsafePointer<sluice_services>, UnsafeMutablePointer<Scratch>) -> Int32
    ) -> HostStatus {
        guard let services = services ?? findServices() else { return .unsupported }
        return call { table, scratch in body(table, services, scratch) }
    }

    @inline(never)
    private func findServices() -> UnsafePointer<sluice_services>? {
        var found: UnsafePointer<sluice_services>?
        _ = call { table, scratch in
            found = table.pointee.get_extension(table, scratch.pointee.text(SLUICE_SERVICES))?
                .assumingMemoryBound(to: sluice_services.self)
            return SLUICE_OK
        }
        // What a host offers has no empty slot and every function of minor 0.
        guard let found, let cell = Cell(UnsafeRawPointer(found)), cell.size >= SLUICE_AT_services_ticks + 8 else {
            return nil
        }
        services = found
        return found
    }
}

// MARK: - Secrets

extension Host {
    /// The handle of an account's secret, from its configuration, a challenge, a capture or the store. `.notFound`.
    public func secret(_ name: String, account: Int) throws(HostError) -> SecretHandle {
        try handle { table, services, scratch, handle in
            services.pointee.secret_open(
                table, scratch.pointee.account(account), scratch.pointee.text(name), handle)
        }
    }

    /// Makes a secret of bytes that the adapter has. At most 64 KiB, 256 a session.
    @discardableResult
    public func putSecret(_ name: String, _ value: [UInt8], account: Int) throws(HostError) -> SecretHandle {
        try handle { table, services, scratch, handle in
            services.pointee.secret_put(
                table, scratch.pointee.account(account), scratch.pointee.text(name), scratch.pointee.bytes(value),
                handle)
        }
    }

    /// Keeps a secret, encrypted, until `expiresAt`, so that a session survives a restart.
    @discardableResult
    public func storeSecret(
        _ name: String, _ handle: SecretHandle, account: Int, expiresAt: Timestamp?
    ) -> HostStatus {
        callServices { table, services, scratch in
            services.pointee.secret_store(
                table, scratch.pointee.account(account), scratch.pointee.text(name), handle.rawValue,
                scratch.pointee.time(expiresAt))
        }
    }

    /// Forgets a secret, also a kept one.
    @discardableResult
    public func eraseSecret(_ name: String, account: Int) -> HostStatus {
        callServices { table, services, scratch in
            services.pointee.secret_erase(table, scratch.pointee.account(account), scratch.pointee.text(name))
        }
    }

    /// Until when a kept secret is good, or `nil` where there is none.
    public func secretExpiry(_ name: String, account: Int) -> Timestamp? {
        var time: sluice_time = 0
        let status = callServices { table, services, scratch in
            services.pointee.secret_expiry(
                table, scratch.pointee.account(account), scratch.pointee.text(name), &time)
        }
        return status.isOK && time != 0 && time != Int64.min ? Timestamp(nanoseconds: time) : nil
    }

    /// A secret in clear. Needs a grant and is audited; `.unsupported` without.
    public func revealSecret(_ handle: SecretHandle) throws(HostError) -> [UInt8] {
        try bytes { table, services, _, value in services.pointee.secret_reveal(table, handle.rawValue, value) }
    }

    /// Makes a template's value now. A secret may stand in it as a key or below a digest, HMAC, signature or TOTP only.
    public func crypto(_ template: Template) throws(HostError) -> [UInt8] {
        let prepared = PreparedTemplate(template)
        return try bytes { table, services, scratch, value in
            var entity = prepared.entity
            return services.pointee.crypto(table, &entity, value)
        }
    }

    /// Makes a template's value and keeps it as a secret; it never comes back in clear, so anything may stand in it.
    @discardableResult
    public func deriveSecret(_ name: String, _ template: Template, account: Int) throws(HostError) -> SecretHandle {
        let prepared = PreparedTemplate(template)
        return try handle { table, services, scratch, handle in
            var entity = prepared.entity
            return services.pointee.crypto_derive(
                table, scratch.pointee.account(account), scratch.pointee.text(name), &entity, handle)
        }
    }

    private func handle(
        _ body: (
            UnsafePointer<sluice_host>, UnsafePointer<sluice_services>, UnsafeMutablePointer<Scratch>,
            UnsafeMutablePointer<sluice_handle>
        ) -> Int32
    ) throws(HostError) -> SecretHandle {
        var handle: sluice_handle = 0
        let status = callServices { table, services, scratch in body(table, services, scratch, &handle) }
        guard status.isOK, handle != 0 else { throw HostError(status: status.isOK ? .hostFault : status) }
        return SecretHandle(rawValue: handle)
    }

    private func bytes(
        _ body: (
            UnsafePointer<sluice_host>, UnsafePointer<sluice_services>, UnsafeMutablePointer<Scratch>,
            UnsafeMutablePointer<sluice_bytes>
        ) -> Int32
    ) throws(HostError) -> [UInt8] {
        var value: [UInt8] = []
        let status = callServices { table, services, scratch in
            var view = sluice_bytes()
            let status = body(table, services, scratch, &view)
            guard status == SLUICE_OK else { return status }
            guard view.len <= UInt64(Int32.max) else { return SLUICE_ERR_INTERNAL }
            value = [UInt8](UnsafeBufferPointer(start: view.ptr, count: view.ptr == nil ? 0 : Int(view.len)))
            return status
        }
        guard status.isOK else { throw HostError(status: status) }
        return value
    }
}

// MARK: - Rates, clock, names

extension Host {
    /// What an answer said about a rate bucket; what is `nil` it did not say.
    @discardableResult
    public func rateFeedback(
        _ bucket: String, account: Int, scope: String? = nil, remaining: Int64? = nil, resetAt: Timestamp? = nil,
        retryAfterNanoseconds: Int64? = nil
    ) -> HostStatus {
        callServices { table, services, scratch in
            var entity = sluice_rate_feedback()
            entity.struct_size = UInt32(SLUICE_SIZE_rate_feedback)
            entity.account = scratch.pointee.account(account)
            entity.bucket = scratch.pointee.text(bucket)
            entity.scope = scratch.pointee.text(scope)
            entity.remaining = remaining ?? -1
            entity.reset_at = scratch.pointee.time(resetAt)
            entity.retry_after_ns = retryAfterNanoseconds ?? 0
            return services.pointee.rate_feedback(table, &entity)
        }
    }

    /// What the broker's clock said.
    @discardableResult
    public func serverTime(_ time: Timestamp) -> HostStatus {
        callServices { table, services, _ in services.pointee.server_time(table, time.nanoseconds) }
    }

    /// The instrument that the adapter once gave this alias, for what the broker tells of orders and positions that are
    /// not ours; `nil`: no row had it.
    public func instrument(alias: String) -> StoredInstrument? {
        var found: StoredInstrument?
        _ = callServices { table, services, scratch in
            guard let cell = Cell(UnsafeRawPointer(services)),
                cell.has(SLUICE_AT_services_instrument_by_alias, 8)
            else { return SLUICE_ERR_UNSUPPORTED }
            var view: UnsafePointer<sluice_instrument>?
            let status = services.pointee.instrument_by_alias(table, scratch.pointee.text(alias), &view)
            guard status == SLUICE_OK, let instrument = Cell(UnsafeRawPointer(view)) else { return status }
            guard instrument.brokenInstrumentField() == nil else { return SLUICE_ERR_INTERNAL }
            found = Instrument(instrument).copy()
            return status
        }
        return found
    }
}
