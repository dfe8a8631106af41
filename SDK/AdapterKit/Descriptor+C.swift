import CSluice

extension Descriptor {
    /// The descriptor as the boundary's static data. Its memory is never given back, as the contract asks.
    func makeStatic() -> UnsafePointer<sluice_descriptor> {
        var scratch = Scratch()  // leaked with all it lays out
        let memory = scratch.take(SLUICE_SIZE_descriptor).assumingMemoryBound(to: sluice_descriptor.self)
        var entity = sluice_descriptor()
        entity.struct_size = UInt32(SLUICE_SIZE_descriptor)
        entity.id = scratch.text(id)
        entity.name = scratch.text(name)
        entity.vendor = scratch.text(vendor)
        entity.version = scratch.text(version)
        entity.licence = scratch.text(licence)
        entity.homepage = scratch.text(homepage)
        entity.language = scratch.text(languageName)
        entity.sdk_version = scratch.text(kitVersion)
        entity.capabilities.0 = capabilities.rawValue
        entity.capabilities.1 = recovery.rawValue
        entity.visibility_delay_ns = visibilityDelayNanoseconds
        entity.config_schema = scratch.text(configSchema)
        entity.capability_document = scratch.text(capabilityDocument)
        entity.order_options_schema = scratch.text(orderOptionsSchema)
        entity.rate_buckets = Descriptor.lay(rateBuckets, &scratch)
        entity.limits.struct_size = UInt32(SLUICE_SIZE_limits)
        entity.limits.max_batch = maxBatch
        entity.limits.client_reference_max = clientReferenceMax
        entity.limits.max_in_flight = maxInFlight
        memory.pointee = entity
        return UnsafePointer(memory)
    }

    private static func lay(_ buckets: [RateBucket], _ scratch: inout Scratch) -> sluice_span {
        scratch.list(buckets, of: sluice_rate_bucket(), size: SLUICE_SIZE_rate_bucket) { scratch, bucket, entity in
            entity.id = scratch.text(bucket.id)
            entity.scope_key = scratch.text(bucket.scopeKey)
            entity.windows = lay(bucket.windows, &scratch)
            entity.mode = bucket.mode.rawValue
        }
    }

    private static func lay(_ windows: [RateBucket.Window], _ scratch: inout Scratch) -> sluice_span {
        scratch.list(windows, of: sluice_rate_window(), size: SLUICE_SIZE_rate_window) { scratch, window, entity in
            entity.units = window.units
            entity.window_ns = window.nanoseconds
            entity.resets_after_midnight_ns = window.resetsAfterMidnightNanoseconds
            entity.zone = scratch.text(window.zone)
        }
    }
}

#if compiler(>=6.3.1) && compiler(<6.3.2)
    private let languageName = "Swift 6.3.1"
#else
    private let languageName = "Swift"
#endif

/// The version of this kit.
private let kitVersion = "1.0.0"
