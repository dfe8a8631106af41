import CSluice
import Domain
import Logging
import Settings
import Signing

// Secrets and what is made of them. An adapter holds handles; the bytes stay here.

extension SessionCore {
    private func check(_ account: UInt32, _ name: sluice_str) throws(ContractBreach) -> (account: Int, name: String) {
        guard Int(account) < reader.accounts.count else {
            throw ContractBreach("account", "is \(account); the session has accounts 0 to \(reader.accounts.count - 1)")
        }
        let name = try name.required("name", limit: 64)
        guard ServiceBounds.isName(name) else {
            throw ContractBreach("name", "\(name.printableLine) is not [a-z0-9_]{1,64}")
        }
        return (Int(account), name)
    }

    func secretOpen(
        _ account: UInt32, _ name: sluice_str, _ handle: UnsafeMutablePointer<sluice_handle>?
    ) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let (account, name) = try check(account, name)
            guard let handle else { throw ContractBreach("handle", "is null") }
            guard let found = network.vault.handle(account: account, name: name, now: clock.wall().nanoseconds) else {
                handle.pointee = 0
                return SLUICE_ERR_NOT_FOUND
            }
            handle.pointee = found
            return SLUICE_OK
        } catch {
            return breach("secret_open", error)
        }
    }

    func secretPut(
        _ account: UInt32, _ name: sluice_str, _ value: sluice_bytes, _ handle: UnsafeMutablePointer<sluice_handle>?
    ) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let (account, name) = try check(account, name)
            guard var bytes = try value.bytes("value", limit: ServiceBounds.secretBytes), !bytes.isEmpty else {
                throw ContractBreach("value", "is empty")
            }
            let secret = Signing.Secret(bytes)
            Redaction.wipe(&bytes)
            return put(secret, account, name, handle, network)
        } catch {
            return breach("secret_put", error)
        }
    }

    private func put(
        _ secret: Signing.Secret, _ account: Int, _ name: String, _ handle: UnsafeMutablePointer<sluice_handle>?,
        _ network: SessionNetwork
    ) -> sluice_status {
        guard let made = network.vault.put(secret, account: account, name: name) else {
            return quota("secrets of a session", ServiceBounds.secrets)
        }
        handle?.pointee = made
        return SLUICE_OK
    }

    func secretStore(
        _ account: UInt32, _ name: sluice_str, _ handle: sluice_handle, _ expires: sluice_time
    ) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let (account, name) = try check(account, name)
            guard let secret = network.vault.secret(handle) else { return SLUICE_ERR_NOT_FOUND }
            guard let keeper = network.keeper else { return SLUICE_ERR_UNSUPPORTED }
            let expiry = expires == .min || expires == 0 ? nil : expires
            guard network.vault.put(secret, account: account, name: name, expiresAt: expiry, isKept: true) != nil else {
                return quota("secrets of a session", ServiceBounds.secrets)
            }
            keeper.keep(
                KeptSecret(
                    name: name, secret: secret.withBytes { Settings.Secret($0) },
                    expiresAt: expiry.map { Timestamp(nanoseconds: $0) }), session.adapter.id,
                reader.accounts[account].id)
            return SLUICE_OK
        } catch {
            return breach("secret_store", error)
        }
    }

    func secretErase(_ account: UInt32, _ name: sluice_str) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let (account, name) = try check(account, name)
            network.keeper?.erase(name, session.adapter.id, reader.accounts[account].id)
            return network.vault.erase(account: account, name: name) ? SLUICE_OK : SLUICE_ERR_NOT_FOUND
        } catch {
            return breach("secret_erase", error)
        }
    }

    func secretExpiry(
        _ account: UInt32, _ name: sluice_str, _ expires: UnsafeMutablePointer<sluice_time>?
    ) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let (account, name) = try check(account, name)
            guard let expires else { throw ContractBreach("expires_at", "is null") }
            guard let found = network.vault.expiry(account: account, name: name, now: clock.wall().nanoseconds) else {
                expires.pointee = .min
                return SLUICE_ERR_NOT_FOUND
            }
            expires.pointee = found ?? .min
            return SLUICE_OK
        } catch {
            return breach("secret_expiry", error)
        }
    }

    /// Needs the manifest's grant, and every use is in the audit.
    func secretReveal(_ handle: sluice_handle, _ value: UnsafeMutablePointer<sluice_bytes>?) -> sluice_status {
        guard let network, network.grantsReveal else { return SLUICE_ERR_UNSUPPORTED }
        guard let value else { return breach("secret_reveal", ContractBreach("value", "is null")) }
        guard let secret = network.vault.secret(handle), let place = network.vault.place(handle) else {
            return SLUICE_ERR_NOT_FOUND
        }
        let account = reader.accounts[place.account].id
        logger.notice(
            "Secret revealed to its adapter", metadata: ["account": "\(account)", "secret": "\(place.name)"])
        events.append(.secretRevealed(account, name: place.name))
        let view = secret.withBytes { PinnedBytes($0) }
        views.append(view)
        value.pointee = sluice_bytes(ptr: UnsafePointer(view.start), len: UInt64(view.count))
        return SLUICE_OK
    }

    // MARK: - Making values

    func crypto(_ view: UnsafePointer<sluice_template>?, _ result: UnsafeMutablePointer<sluice_bytes>?) -> sluice_status
    {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            guard let result else { throw ContractBreach("result", "is null") }
            let template = try self.template(view)
            do throws(TemplateError) {
                try template.checkRevealsNothing()
            } catch {
                throw ContractBreach("value", "\(error)")
            }
            for handle in template.secrets where network.vault.secret(handle) == nil { return SLUICE_ERR_NOT_FOUND }
            let made = try make(template, account: 0, network)
            let pinned = PinnedBytes(made)
            views.append(pinned)
            result.pointee = sluice_bytes(ptr: UnsafePointer(pinned.start), len: UInt64(pinned.count))
            return SLUICE_OK
        } catch {
            return breach("crypto", error)
        }
    }

    func cryptoDerive(
        _ account: UInt32, _ name: sluice_str, _ view: UnsafePointer<sluice_template>?,
        _ handle: UnsafeMutablePointer<sluice_handle>?
    ) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let (account, name) = try check(account, name)
            let template = try self.template(view)
            for handle in template.secrets where network.vault.secret(handle) == nil { return SLUICE_ERR_NOT_FOUND }
            var made = try make(template, account: account, network)
            let secret = Signing.Secret(made)
            Redaction.wipe(&made)
            return put(secret, account, name, handle, network)
        } catch {
            return breach("crypto_derive", error)
        }
    }

    private func template(_ view: UnsafePointer<sluice_template>?) throws(ContractBreach) -> Template {
        guard let view = try checkedEntity(view, size: MemoryLayout<sluice_template>.size, "value") else {
            throw ContractBreach("value", "is null")
        }
        let template = try RequestReader.template(UnsafeRawPointer(view), "value")
        try RequestReader.check(template, .alone, values: 0, "value")
        guard !template.isAbsent else { throw ContractBreach("value", "has no nodes") }
        return template
    }

    /// Made on the lane; the host's own cryptography is not counted against the adapter's call.
    private func make(
        _ template: Template, account: Int, _ network: SessionNetwork
    ) throws(ContractBreach) -> [UInt8] {
        let wall = now()
        return try network.egress.make(account: account, now: wall) { evaluator, environment throws(ContractBreach) in
            do throws(TemplateError) {
                return try evaluator.value(template, in: &environment)
            } catch {
                throw ContractBreach("value", "\(error)")
            }
        }
    }
}
