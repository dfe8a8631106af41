import Domain
import Engine
import Settings
import Testing

@testable import RiskConfiguration

@Suite("The risk document: defaults, refusals, calendars") struct RiskDocumentTests {
    let account = Account(id: AccountID("A")!, adapter: AdapterID("paper")!, currency: Currency("INR")!)
    func limits(_ text: String) throws -> RiskLimits {
        try RiskDocument(text, file: "t").limits(version: 1, accounts: [account])
    }
    func error(_ text: String) -> String {
        do {
            _ = try limits(text)
            return "none"
        } catch { return "\(error)" }
    }

    @Test("An empty document leaves every account with finite limits")
    func defaults() throws {
        let l = try #require(try limits("rms: 1\n").accounts[account.id])
        #expect(!l.hours.isLimited && l.strategyRuns == 1000 && l.modifications == 20)
        #expect(l.duplicates.maximum == 3 && l.duplicates.window == 2_000_000_000)
        #expect(
            l.dailyCounts.orders == 2000 && l.dailyCountsPerInstrument.orders == 1000 && l.dailyCounts.cancels == 2000)
        #expect(l.netExposure.maximum == 1_000_000_000 && !l.netExposure.isByInstrument)
        #expect(l.concentration == 10000 && l.leverage == 20000)
        #expect(l.shortRules.delivery == .free && !l.shortRules.allowsNakedOptions)
        #expect(l.drawdown.maximum == 20_000_000 && l.drawdown.basisPoints == 3000 && l.drawdown.epoch == .session)
        #expect(l.lossStreak.count == 20 && l.lossStreak.epsilon == 10_000 && l.lossStreak.coolOff == 900_000_000_000)
        #expect(l.selfTrade.owners == .owner && l.selfTrade.action == .tag)
    }

    @Test("Every key of the controls is read")
    func document() throws {
        let text = """
            rms: 1
            profiles: { p: { trading-hours: { calendar: venue, open_guard: 5m, close_guard: 1m, after_market: true },
              daily-counts: { lots: 5 }, net-exposure: { max: "5 INR", by: instrument }, drawdown: { bps: 100, then: halted },
              loss-streak: { count: unlimited }, self-trade: { scope: firm, action: cancel_resting }, concentration: { bps: unlimited } } }
            firm: { profile: p, limits: { net-exposure: { max: "7 INR" } } }
            groups:
              - id: g
                limits:
                  group-loss: { max: "50 INR", then: halted, attribution: account }
                  group-aggregate: { notional-limits: { max: "9 INR" }, message-rate: { windows: [ { limit: 5, per: 1s } ] },
                    max-open-orders: { max: 3 }, max-position: { max: 4, unit: lots }, gross-exposure: { max: "1 INR" },
                    net-exposure: { max: "2 INR", by: instrument }, group-loss: { max: "3 INR" } }
            accounts: [ { id: A, limits: { duplicate-order: { window: 5s }, short-rules: { delivery: free } } } ]
            """
        let all = try limits(text)
        let l = try #require(all.accounts[account.id])
        #expect(l.hours.isLimited && l.hours.openGuard == 300_000_000_000 && l.hours.allowsAfterMarket)
        #expect(l.dailyCounts.lots == 5 && l.dailyCounts.orders == 2000)
        #expect(l.netExposure.maximum == 500 && l.netExposure.isByInstrument)
        #expect(
            l.drawdown.maximum == 20_000_000 && l.drawdown.basisPoints == 100 && l.drawdown.response.action == .halted)
        #expect(l.lossStreak.count == AccountLimits.unlimited && l.selfTrade.action == .cancelResting)
        #expect(l.duplicates.maximum == 3 && l.duplicates.window == 5_000_000_000)
        #expect(all.firm.netExposure == [Currency("INR")!: 700])
        let g = try #require(all.groups[GroupID("g")!])
        #expect(
            g.loss.countsAccounts && g.loss.response.action == .halted && g.loss.maximum == [Currency("INR")!: 5000])
        #expect(g.aggregate?.openOrders == 3 && g.aggregate?.positionUnit == .lots && g.aggregate?.rates.count == 1)
        #expect(g.aggregate?.netByInstrument == true && g.aggregate?.loss.maximum == [Currency("INR")!: 300])
    }

    @Test("Unlimited is written out, and then holds")
    func wideDocument() throws {
        let l = try #require(
            try limits(
                """
                rms: 1
                profiles:
                  default:
                    duplicate-order: { max: unlimited }
                    daily-counts: { orders: unlimited, modifications: unlimited, lots: unlimited, cancels: unlimited,
                      per_instrument: { orders: unlimited, modifications: unlimited, lots: unlimited } }
                    net-exposure: { max: unlimited }
                    concentration: { bps: unlimited }
                    leverage: { bps: unlimited }
                    drawdown: { max: unlimited, bps: unlimited }
                    loss-streak: { count: unlimited }
                    self-trade: { scope: unlimited }
                """
            ).accounts[account.id])
        #expect(
            l.dailyCounts.orders == AccountLimits.unlimited
                && l.dailyCountsPerInstrument.orders == AccountLimits.unlimited && !l.drawdown.isLimited)
        #expect(
            l.selfTrade.owners == .none && l.leverage == AccountLimits.unlimited
                && l.concentration == AccountLimits.unlimited)
        #expect(l.lossStreak.count == AccountLimits.unlimited && l.duplicates.maximum == AccountLimits.unlimited)
        #expect(l.netExposure.maximum == AccountLimits.unlimited)
    }

    @Test(
        "A document that contradicts itself or names what is not there is refused",
        arguments: [
            (
                "rms: 1\naccounts: [ { id: A, limits: { concentration: { bps: 20000 } } } ]",
                "concentration.bps is looser"
            ),
            (
                "rms: 1\naccounts: [ { id: A, limits: { self-trade: { scope: unlimited } } } ]",
                "self-trade.scope is looser"
            ),
            (
                "rms: 1\naccounts: [ { id: A, limits: { drawdown: { max: \"300000 INR\" } } } ]",
                "drawdown.max is looser"
            ),
            ("rms: 1\naccounts: [ { id: A, limits: { drawdown: {} } } ]", "drawdown sets nothing"),
            (
                "rms: 1\naccounts: [ { id: A, limits: { group-loss: { max: \"3 INR\" } } } ]",
                "group-loss.max does not bind an account"
            ),
            ("rms: 1\nprofiles: { p: { group-loss: { max: \"3 INR\" } } }", "group-loss.max does not bind an account"),
            ("rms: 1\ngroups: [ { id: g, limits: { leverage: { bps: 5 } } } ]", "leverage does not bind a group"),
            ("rms: 1\ngroups: [ { id: g, limits: { group-aggregate: { leverage: { bps: 5 } } } } ]", "not known"),
            ("rms: 1\nprofiles: { p: { duplicate-order: { window: 2h } } }", "at most 1m"),
            ("rms: 1\nprofiles: { p: { loss-streak: { count: 3, cool_off: 0s } } }", "at least 1s"),
            ("rms: 1\nprofiles: { p: { loss-streak: { count: 300, cool_off: 5m } } }", "256"),
            ("rms: 1\nprofiles: { p: { trading-hours: { calendar: nse } } }", "none, venue"),
            ("rms: 1\nprofiles: { p: { group-aggregate: {} } }", "group-aggregate sets nothing"),
        ])
    func errors(text: String, part: String) { #expect(error(text).contains(part), "\(error(text))") }

    static let calendar = """
        calendar: 1
        venues:
          NSE:
            offset: "+05:30"
            week: [ { days: [MON, TUE, WED, THU, FRI], hours: ["09:15-15:30"] } ]
            holidays: [2026-01-26]
            special_days: [ { date: 2026-11-08, hours: ["18:00-19:00"] } ]
            known_until: 2026-12-31
          CME:
            offset: [ { from: 2026-03-08, utc: "-05:00" }, { from: 2026-11-01, utc: "-06:00" } ]
            week: [ { days: [SUN, MON, TUE, WED, THU], hours: ["17:00-16:00+1"] } ]
            known_until: unlimited
          BINANCE:
            offset: "+00:00"
            week: [ { days: [MON, TUE, WED, THU, FRI, SAT, SUN], hours: ["00:00-24:00"] } ]
            known_until: unlimited
        """

    @Test("A calendar is read as written")
    func calendarReads() throws {
        let c = try TradingCalendar(Self.calendar, file: "c")
        func s(_ v: String, _ t: String) -> VenueHours { c.state(of: v, at: Timestamp(rfc3339: t)!) }
        #expect(s("NSE", "2026-11-25T09:15:00+05:30").phase == .open)
        #expect(s("NSE", "2026-11-25T09:15:00+05:30").untilClose == 22_500_000_000_000)
        #expect(s("NSE", "2026-11-25T15:30:00+05:30").phase == .closed)
        #expect(s("NSE", "2026-01-26T10:00:00+05:30").phase == .closed)
        #expect(s("NSE", "2026-11-08T18:30:00+05:30").phase == .open)
        #expect(s("NSE", "2027-01-01T10:00:00+05:30").phase == .unknown)
        #expect(s("CME", "2026-10-26T15:59:59-05:00").phase == .open)
        #expect(s("CME", "2026-10-26T16:30:00-05:00").phase == .closed)
        #expect(s("CME", "2026-11-02T15:59:59-06:00").phase == .open)
        #expect(s("BINANCE", "2026-11-25T00:00:00Z").sinceOpen > 86_400_000_000_000)
        #expect(s("US", "2026-11-25T00:00:00Z").phase == .unknown)
    }

    @Test(
        "A calendar with a wrong entry is refused",
        arguments: [
            ("NSE", "NSEX", "not a venue"), ("+05:30", "05:30", "offset from UTC"),
            ("\"09:15-15:30\"", "\"15:30-09:15\"", "hours like"),
            ("known_until: 2026-12-31", "", "known_until"),
            ("holidays: [2026-01-26]", "holidays: [2026-02-30]", "date"),
            ("hours: [\"09:15-15:30\"]", "hours: [\"09:15-15:30\", \"15:00-16:00\"]", "ascending"),
            ("[MON, TUE, WED, THU, FRI], hours", "[MON, MON], hours", "twice"),
            ("special_days", "specials", "not known"),
            ("2026-11-01, utc", "2026-03-01, utc", "ascend"),
        ])
    func calendarErrors(old: String, new: String, part: String) {
        let text = Self.calendar.replacing(old, with: new, maxReplacements: 1)
        do {
            _ = try TradingCalendar(text, file: "c")
            Issue.record("read")
        } catch { #expect("\(error)".contains(part), "\(error)") }
    }
}
