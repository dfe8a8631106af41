import AdapterKit
import AdapterTesting
import CSluice
import Dispatch
import Testing

/// Negotiation (ABI rules 2 and 3).
struct EntryTests {
    static func hello(minors: ClosedRange<UInt32> = 0...0, vocabularies: ClosedRange<UInt32> = 1...1) -> sluice_hello {
        var hello = sluice_hello()
        hello.struct_size = UInt32(SLUICE_SIZE_hello)
        hello.mode = SLUICE_MODE_IN_PROCESS
        hello.magic = SLUICE_MAGIC
        hello.abi_minor_min = minors.lowerBound
        hello.abi_minor_max = minors.upperBound
        hello.vocabulary_min = vocabularies.lowerBound
        hello.vocabulary_max = vocabularies.upperBound
        return hello
    }

    static func ask(_ hello: sluice_hello) -> (status: Int32, reply: sluice_reply) {
        var (hello, reply) = (hello, sluice_reply())
        reply.struct_size = UInt32(SLUICE_SIZE_reply)
        let status = adapterEntry(Probe.self, &hello, &reply)
        return (status, reply)
    }

    static func text(_ view: sluice_str) -> String {
        String(decoding: UnsafeRawBufferPointer(start: view.ptr, count: Int(view.len)), as: UTF8.self)
    }

    @Test("The highest common minor and vocabulary are picked", arguments: [0, 1, 9] as [UInt32])
    func picksTheHighestCommon(newest: UInt32) {
        let (status, reply) = Self.ask(Self.hello(minors: 0...newest, vocabularies: 1...(newest + 1)))
        #expect(status == SLUICE_OK)
        #expect(reply.abi_minor == 0)
        #expect(reply.vocabulary == 1)
        #expect(reply.refusal == 0)
        #expect(reply.module != nil)
    }

    @Test("A range without a common minor is refused with a reason, never loaded with a warning")
    func refusesMinors() {
        let (status, reply) = Self.ask(Self.hello(minors: 1...4))
        #expect(status == SLUICE_ERR_VERSION)
        #expect(reply.refusal == SLUICE_REFUSAL_MINOR)
        #expect(reply.module == nil)
        #expect(Self.text(reply.refusal_text).contains("ABI 1.0"))
    }

    @Test(
        "A range without a common vocabulary is refused with a reason",
        arguments: [0...0, 2...3] as [ClosedRange<UInt32>])
    func refusesVocabularies(range: ClosedRange<UInt32>) {
        let (status, reply) = Self.ask(Self.hello(vocabularies: range))
        #expect(status == SLUICE_ERR_VERSION)
        #expect(reply.refusal == SLUICE_REFUSAL_VOCABULARY)
        #expect(reply.module == nil)
    }

    @Test("A range that is upside down is refused")
    func refusesReversedRange() {
        var hello = Self.hello()
        hello.abi_minor_min = 3
        hello.abi_minor_max = 0
        #expect(Self.ask(hello).reply.refusal == SLUICE_REFUSAL_MINOR)
    }

    @Test("Who is not a host is refused")
    func refusesMagic() {
        var hello = Self.hello()
        hello.magic ^= 1
        let (status, reply) = Self.ask(hello)
        #expect(status == SLUICE_ERR_VERSION)
        #expect(reply.refusal == SLUICE_REFUSAL_MAGIC)
    }

    @Test("A hello or a reply that is null or too short for an answer is a broken contract")
    func refusesShort() {
        var (hello, reply) = (Self.hello(), sluice_reply())
        reply.struct_size = UInt32(SLUICE_SIZE_reply)
        #expect(adapterEntry(Probe.self, nil, &reply) == SLUICE_ERR_INVALID)
        #expect(adapterEntry(Probe.self, &hello, nil) == SLUICE_ERR_INVALID)
        hello.struct_size = UInt32(SLUICE_AT_hello_vocabulary_max)
        #expect(adapterEntry(Probe.self, &hello, &reply) == SLUICE_ERR_INVALID)
        hello.struct_size = UInt32(SLUICE_SIZE_hello)
        reply.struct_size = UInt32(SLUICE_AT_reply_module)
        #expect(adapterEntry(Probe.self, &hello, &reply) == SLUICE_ERR_INVALID)
        #expect(reply.module == nil)
    }

    @Test("A reply without room for the text is answered without the text")
    func shortReplyIsNotOverrun() {
        var (hello, reply) = (Self.hello(minors: 1...1), sluice_reply())
        reply.struct_size = UInt32(SLUICE_AT_reply_refusal_text)
        #expect(adapterEntry(Probe.self, &hello, &reply) == SLUICE_ERR_VERSION)
        #expect(reply.refusal == SLUICE_REFUSAL_MINOR)
        #expect(reply.refusal_text.ptr == nil)
    }

    @Test("Every call from every thread yields the same pointers")
    func isIdempotent() {
        nonisolated(unsafe) let seen = UnsafeMutablePointer<UInt>.allocate(capacity: 64)
        defer { seen.deallocate() }
        DispatchQueue.concurrentPerform(iterations: 64) { index in
            let module = Self.ask(Self.hello()).reply.module
            seen[index] = UInt(bitPattern: module) ^ UInt(bitPattern: module?.pointee.describe(module))
        }
        #expect(Set((0..<64).map { seen[$0] }).count == 1)
        #expect(seen[0] != 0)
    }

    @Test("Two adapters of one program have a module each, and each describes itself")
    func modulesAreApart() throws {
        let (probe, mute) = (try ScriptedHost(Probe.self), try ScriptedHost(Mute.self))
        #expect(probe.module != mute.module)
        let described = [probe.module, mute.module].map { module in
            module.pointee.describe(module).map { Self.text($0.pointee.id) }
        }
        #expect(described == ["probe", "mute"])
    }

    @Test("A descriptor without a usable id is refused at the entry")
    func refusesBadDescriptor() {
        final class Shouting: BrokerAdapter {
            static let descriptor = Descriptor(id: "ACME", name: "Acme", version: "1", capabilities: [])
            init(host: Host, options: SessionOptions) throws(AdapterFailure) {}
        }
        do throws(ScriptedHostError) {
            _ = try ScriptedHost(Shouting.self)
            Issue.record("loaded")
        } catch {
            #expect(error.status.rawValue == SLUICE_ERR_VERSION)
            #expect(error.text.contains("[a-z0-9-]{1,32}"))
        }
    }

    @Test("The descriptor carries what the type declares")
    func descriptorIsComplete() throws {
        let host = try ScriptedHost(Probe.self)
        let descriptor = try #require(host.module.pointee.describe(host.module)?.pointee)
        #expect(Self.text(descriptor.version) == "1.2.3")
        #expect(descriptor.capabilities.0 == Probe.descriptor.capabilities.rawValue)
        #expect(descriptor.capabilities.1 == SLUICE_STREAMS_REPORTS)
        #expect(descriptor.limits.max_batch == 10)
        let bucket = try #require(descriptor.rate_buckets.ptr?.assumingMemoryBound(to: sluice_rate_bucket.self).pointee)
        #expect(descriptor.rate_buckets.count == 1)
        #expect(Self.text(bucket.id) == "orders")
        let window = try #require(bucket.windows.ptr?.assumingMemoryBound(to: sluice_rate_window.self).pointee)
        #expect((window.units, window.window_ns) == (10, 1_000_000_000))
    }

    @Test("A broker code is explained where the adapter knows it")
    func explains() throws {
        let module = try ScriptedHost(Probe.self).module
        func explain(_ code: String) -> String? {
            var code = code
            return code.withUTF8 { bytes in
                let view = sluice_str(
                    ptr: UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self),
                    len: UInt64(bytes.count))
                let sentence = module.pointee.explain(module, view)
                return sentence.ptr == nil ? nil : Self.text(sentence)
            }
        }
        #expect(explain("E42") == "no such thing")
        #expect(explain("E43") == nil)
        #expect(module.pointee.get_extension(module, sluice_str()) == nil)
    }

    @Test("Why a session could not be made reaches the host as text")
    func failureText() {
        do throws(ScriptedHostError) {
            _ = try ScriptedHost(Probe.self, accounts: [AccountOptions(id: "A1", config: #"{"refuse": true}"#)])
            Issue.record("made")
        } catch {
            #expect(error.text == "config: refuse")
        }
        do throws(ScriptedHostError) {
            _ = try ScriptedHost(Probe.self, accounts: [])
            Issue.record("made")
        } catch {
            #expect(error.text.contains("accounts"))
        }
    }
}
