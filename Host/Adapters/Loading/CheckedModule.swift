import CSluice
import Domain

/// A module's tables and descriptor after every check of rules 4 and 35: what is kept is known to be whole.
struct CheckedModule {
    let description: AdapterDescription
    let calls: SessionCalls
    let createSession:
        @convention(c) (
            UnsafePointer<sluice_module>?, UnsafePointer<sluice_host>?, UnsafePointer<sluice_session_options>?,
            UnsafeMutablePointer<OpaquePointer?>?, UnsafeMutablePointer<sluice_str>?
        ) -> sluice_status
    /// `nil`: the adapter has no network.
    let connected: ConnectedModule?
    let explain: @convention(c) (UnsafePointer<sluice_module>?, sluice_str) -> sluice_str

    /// - Parameters:
    ///   - id: the manifest's.
    ///   - note: what the file said of itself before it ran.
    init(_ module: UnsafePointer<sluice_module>, id: AdapterID, note: ELFImage.Note) throws(AdapterRefusal) {
        let table: UnsafePointer<sluice_module>
        let functions: UnsafePointer<sluice_session_functions>
        do throws(ContractBreach) {
            guard let checked = try checkedEntity(module, size: MemoryLayout<sluice_module>.size, "module"),
                let session = try checkedEntity(
                    checked.pointee.session, size: MemoryLayout<sluice_session_functions>.size, "module.session")
            else { throw ContractBreach("module.session", "is null") }
            (table, functions) = (checked, session)
        } catch {
            throw AdapterRefusal(.tableInvalid, "\(id): \(error)")
        }
        guard let describe = table.pointee.describe, let create = table.pointee.session_create,
            table.pointee.get_extension != nil, let explain = table.pointee.explain
        else { throw AdapterRefusal(.tableInvalid, "\(id): the module's table has a null slot") }
        guard let calls = SessionCalls(functions.pointee) else {
            throw AdapterRefusal(.tableInvalid, "\(id): the session's table has a null slot")
        }
        (self.calls, createSession, self.explain) = (calls, create, explain)
        connected = try ConnectedModule.find(in: table, id: id)
        do throws(ContractBreach) {
            description = try Self.description(describe(table))
        } catch {
            throw AdapterRefusal(.descriptorInvalid, "\(id): the descriptor's \(error)")
        }
        guard description.id == id.rawValue else {
            throw AdapterRefusal(
                .descriptorID, "the descriptor's id is \(description.id.debugDescription), the manifest's \(id)")
        }
        guard description.version == note.version else {
            throw AdapterRefusal(
                .descriptorVersion,
                "\(id): the descriptor's version is \(description.version.debugDescription), the note's \(note.version.debugDescription)"
            )
        }
    }

    private static func description(
        _ pointer: UnsafePointer<sluice_descriptor>?
    ) throws(ContractBreach) -> AdapterDescription {
        guard
            let value = try checkedEntity(pointer, size: MemoryLayout<sluice_descriptor>.size, "descriptor")?.pointee
        else { throw ContractBreach("pointer", "is null") }
        guard Int(value.limits.struct_size) >= MemoryLayout<sluice_limits>.size else {
            throw ContractBreach("limits.struct_size", "is \(value.limits.struct_size)")
        }
        let capabilities = AdapterCapabilities(rawValue: value.capabilities.0)
        let batch = Int(value.limits.max_batch)
        guard !capabilities.contains(.submitBatch) || batch > 0 else {
            throw ContractBreach("limits.max_batch", "is 0, but the capability submit_batch is set")
        }
        guard !capabilities.contains(.submitBatch) || capabilities.contains(.submit) else {
            throw ContractBreach("capabilities", "has submit_batch without submit")
        }
        guard value.visibility_delay_ns >= 0, value.visibility_delay_ns <= 86_400_000_000_000 else {
            throw ContractBreach("visibility_delay_ns", "is \(value.visibility_delay_ns); 0 to one day")
        }
        return AdapterDescription(
            id: try value.id.required("id"), name: try value.name.required("name", limit: 1024),
            vendor: try value.vendor.text("vendor", limit: 1024), version: try value.version.required("version"),
            licence: try value.licence.text("licence", limit: 1024),
            homepage: try value.homepage.text("homepage", limit: 2048),
            language: try value.language.text("language"), sdkVersion: try value.sdk_version.text("sdk_version"),
            capabilities: capabilities, offers: BrokerOffers(rawValue: value.capabilities.1),
            visibilityDelayNanoseconds: value.visibility_delay_ns,
            configSchema: try value.config_schema.text("config_schema", limit: Bounds.documentBytes),
            capabilityDocument: try value.capability_document.text(
                "capability_document", limit: Bounds.documentBytes),
            orderOptionsSchema: try value.order_options_schema.text(
                "order_options_schema", limit: Bounds.documentBytes),
            rateBuckets: try rateBuckets(value.rate_buckets), maximumBatch: batch,
            clientReferenceMaximum: Int(value.limits.client_reference_max),
            maximumInFlight: Int(value.limits.max_in_flight))
    }

    private static func rateBuckets(_ span: sluice_span) throws(ContractBreach) -> [RateRule] {
        let size = MemoryLayout<sluice_rate_bucket>.size
        let windowSize = MemoryLayout<sluice_rate_window>.size
        let buckets = try SpanReader(span, size: size, limit: 64, "rate_buckets")
        var result: [RateRule] = []
        for index in 0..<buckets.count {
            let bucket = try buckets.element(index, size: size, "rate_buckets")
                .assumingMemoryBound(to: sluice_rate_bucket.self)
            let windows = try SpanReader(bucket.pointee.windows, size: windowSize, limit: 16, "rate_buckets.windows")
            var kept: [RateWindow] = []
            for place in 0..<windows.count {
                let window = try windows.element(place, size: windowSize, "rate_buckets.windows")
                    .assumingMemoryBound(to: sluice_rate_window.self)
                guard window.pointee.units > 0, window.pointee.window_ns > 0 else {
                    throw ContractBreach("rate_buckets.windows", "has a window without units or length")
                }
                guard window.pointee.window_ns <= 31 * RateWindow.day else {
                    throw ContractBreach("rate_buckets.windows", "has a window of more than 31 days")
                }
                kept.append(
                    RateWindow(
                        units: window.pointee.units, windowNanoseconds: window.pointee.window_ns,
                        reset: try reset(window.pointee)))
            }
            let id = try bucket.pointee.id.required("rate_buckets.id")
            let scopeKey = try bucket.pointee.scope_key.text("rate_buckets.scope_key") ?? "account"
            guard !result.contains(where: { $0.id == id }) else {
                throw ContractBreach("rate_buckets.id", "has \(id) twice")
            }
            guard ![RateRule.orders, RateRule.reads].contains(id) || ["account", "login"].contains(scopeKey) else {
                throw ContractBreach(
                    "rate_buckets.scope_key", "is \(scopeKey) for the bucket \(id), which lanes count; account or login"
                )
            }
            let mode: RateRule.Mode
            switch bucket.pointee.mode {
            case SLUICE_RATE_QUEUE: mode = .queue
            case SLUICE_RATE_REFUSE: mode = .refuse
            case let other:
                throw ContractBreach("rate_buckets.mode", "is \(other); SLUICE_RATE_QUEUE or SLUICE_RATE_REFUSE")
            }
            result.append(RateRule(id: id, scopeKey: scopeKey, windows: kept, mode: mode))
        }
        return result
    }

    private static func reset(_ window: sluice_rate_window) throws(ContractBreach) -> RateReset? {
        guard let zone = try window.zone.text("rate_buckets.windows.zone", limit: 64) else {
            guard window.resets_after_midnight_ns == 0 else {
                throw ContractBreach("rate_buckets.windows.resets_after_midnight_ns", "is given without a zone")
            }
            return nil
        }
        guard window.window_ns == RateWindow.day else {
            throw ContractBreach("rate_buckets.windows.window_ns", "is not 24 h, though the window has a time of reset")
        }
        guard let reset = RateReset(nanosecondsAfterMidnight: window.resets_after_midnight_ns, zone: zone) else {
            throw ContractBreach(
                "rate_buckets.windows.resets_after_midnight_ns",
                "is \(window.resets_after_midnight_ns) in \(zone); a time of day, at least 0 and below 24 h, and the IANA name of a zone"
            )
        }
        return reset
    }
}
