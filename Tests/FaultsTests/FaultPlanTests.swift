import Testing

@testable import Faults

@Suite("Fault points")
struct FaultPlanTests {
    @Test("There are at least sixty points, each with a name of its own in lower case and dashes")
    func names() {
        let names = FaultPoint.allCases.map(\.rawValue)
        #expect(names.count >= 60)
        #expect(Set(names).count == names.count)
        for name in names {
            #expect(!name.isEmpty && name.utf8.allSatisfy { (97...122).contains($0) || $0 == 45 }, "\(name)")
        }
    }

    #if DEBUG
        @Test("A fault names a passing of any point or of one, and what happens there")
        func triggers() throws {
            let any = try #require(FaultPlan.Trigger("7:kill"))
            #expect(any.point == nil && any.passing == 7 && any.action == .kill)
            let one = try #require(FaultPlan.Trigger("batch-durable@3:stall"))
            #expect(one.point == .batchDurable && one.passing == 3 && one.action == .stall)
            #expect(FaultPlan.Trigger("batch-durable@1:exit")?.action == .exit)
        }

        @Test(
            "What cannot be read is no fault: a run that tests nothing must not pass",
            arguments: [
                "", "7", "kill", "0:kill", "-1:kill", "7:", ":kill", "7:die", "7:kill:kill", "no-such-point@1:kill",
                "batch-durable:kill", "batch-durable@0:kill", "batch-durable@:kill", "@1:kill", "a@b@1:kill",
                "18446744073709551616:kill",
            ])
        func malformed(text: String) {
            #expect(FaultPlan.Trigger(text) == nil)
        }

        @Test("Without a variable there is no plan, and passing a point does nothing")
        func idle() {
            #expect(FaultPlan.make(fault: nil, counter: nil) == nil)
            for point in FaultPoint.allCases { FaultPoint.hit(point) }
        }
    #endif
}
