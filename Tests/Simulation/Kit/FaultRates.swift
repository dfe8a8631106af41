/// How often each thing goes wrong at one broker, of a thousand times. Drawn from the seed.
struct FaultRates {
    // Of a submit, modify or cancel.
    /// It never arrives, and nobody says so.
    var lostRequest = 0
    /// It arrives, and the answer is lost.
    var lostReply = 0
    /// It travels a while, and so does the answer: reports may overtake it.
    var slow = 0
    var refused = 0
    var throttled = 0
    /// Certain not to have left.
    var notSent = 0
    /// The connection breaks just after the request was written.
    var disconnect = 0
    /// An accepted order is turned down later.
    var lateReject = 0
    /// A fill comes between the cancel and its arrival.
    var race = 0
    // Of a look-up.
    var indeterminate = 0
    var hungLookup = 0
    // Of a report.
    var dropped = 0
    var duplicated = 0
    var shuffled = 0
    // Of a look at the connection, some times a second.
    var expiry = 0
    /// Of an open.
    var failedLogin = 0

    var isCalm: Bool {
        lostRequest + lostReply + slow + refused + throttled + notSent + disconnect + lateReject + race + indeterminate
            + hungLookup + dropped + duplicated + shuffled + expiry + failedLogin == 0
    }

    static let calm = FaultRates()

    /// One seed in four has a calm broker here, one a wild one.
    init(_ dice: inout Dice) {
        let most = [0, 50, 150, 500][dice.index(below: 4)]
        func rate() -> Int {
            let isThere = dice.chance(500)
            let rate = dice.index(below: most + 1)
            return isThere ? rate : 0
        }
        (lostRequest, lostReply, slow, refused) = (rate(), rate(), rate(), rate())
        (throttled, notSent, disconnect, lateReject) = (rate(), rate(), rate() / 3, rate())
        (race, indeterminate, hungLookup) = (rate(), rate(), rate())
        (dropped, duplicated, shuffled) = (rate(), rate() * 2, rate() * 3)
        (expiry, failedLogin) = (rate() / 8, rate())
    }

    private init() {}
}
