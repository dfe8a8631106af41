@testable import CLI

/// Answers of `/api/rms` as the gateway writes them.
enum RiskSample {
    static let tighter =
        #"{"place":"account:P1","control":"daily-loss","key":"max","before":"20000 INR","after":"10000 INR","effect":"tighter"}"#
    static let looser =
        #"{"place":"firm","control":"gross-exposure","key":"max","before":"5000000 INR","after":null,"effect":"looser"}"#
    static let profile =
        #"{"place":"account:P2","control":"","key":"profile","before":null,"after":"cautious","effect":"changed"}"#

    static let config = #"""
        {"version":12,"document":"rms: 1\n# é \"x\"\n","applied_at":"2026-11-25T09:00:00.000000Z","applied_by":"ana","reason":"first"}
        """#

    static func applied(changed: Bool = true, dry: Bool = false) -> String {
        #"{"version":\#(changed ? 13 : 12),"previous_version":12,"is_changed":\#(changed),"is_dry_run":\#(dry),"changes":[\#(changed ? tighter : "")]}"#
    }

    static func diff(_ changes: String...) -> String {
        #"{"from_version":12,"to_version":null,"differs":\#(!changes.isEmpty),"changes":[\#(changes.joined(separator: ","))]}"#
    }

    static let mismatch = #"""
        {"type":"urn:sluice:problem:version_mismatch","title":"The stored version is another","status":412,"detail":"version 14 is stored","code":"version_mismatch","errors":[],"current_version":14,"changes":[\#(tighter),\#(looser)],"request_id":"q9"}
        """#

    static let effective = #"""
        {"scope":"account:P1","version":12,"limits":[
        {"control":"daily-loss","key":"max","value":"10000 INR","origin":"account:P1","binds":"account:P1"},
        {"control":"daily-loss","key":"then","value":"reducing","origin":"account:P1","binds":"account:P1"},
        {"control":"max-position","key":"max","value":"500","origin":"profile:cautious","binds":"account:P1"},
        {"control":"gross-exposure","key":"max","value":"50000000 INR","origin":"firm","binds":"firm"},
        {"control":"loss-streak","key":"count","value":"unlimited","origin":"shipped default","binds":"account:P1"}]}
        """#

    /// One leg refused by its position, one that passes by an override and with an alert.
    static let explanation = #"""
        {"config_version":12,"as_of":"2026-11-25T16:09:58.123456Z","run_id":null,"legs":[
        {"leg_id":null,"account_id":"P1","side":"BUY","quantity":"50","verdict":"REFUSED","ordered_quantity":"0","controls":[
        {"control":"allow-list","verdict":"PASS","code":null,"scope":null,"limit":null,"observed":null,"projected":null,"unit":null,"input_ages_ms":null,"message":""},
        {"control":"price-collar","verdict":"PASS","code":null,"scope":"account","limit":"342.75","observed":"329.57","projected":"329.57","unit":"USD","input_ages_ms":{"reference":55},"message":""},
        {"control":"max-position","verdict":"REFUSED","code":"max_position","scope":"account","limit":"150","observed":"110","projected":"160","unit":"quantity","input_ages_ms":{"position":1250,"reference":55},"message":"the position would exceed the limit"},
        {"control":"gross-exposure","verdict":"NOT_REACHED","code":null,"scope":"account","limit":"500000.00","observed":null,"projected":null,"unit":"USD","input_ages_ms":null,"message":""}],"recorded":null},
        {"leg_id":null,"account_id":"P2","side":"SELL","quantity":"10","verdict":"PASS","ordered_quantity":"10","controls":[
        {"control":"max-position","verdict":"OVERRIDDEN","code":"max_position","scope":"account","limit":"5","observed":"0","projected":"10","unit":"quantity","input_ages_ms":null,"message":"override o1 lets it pass"},
        {"control":"self-trade","verdict":"ALERT","code":"self_trade","scope":"group","limit":null,"observed":null,"projected":null,"unit":null,"input_ages_ms":null,"message":"only observed"}],"recorded":null}],
        "notes":["the group aggregate is judged on the legs that pass"]}
        """#

    static let simulation = #"""
        {"from_version":12,"runs":120,"legs":480,"refused":2,"clipped":1,"newly_admitted":0,"unchanged":477,
        "by_control":[{"control":"max-position","refused":2,"clipped":1}],"differences":[
        {"leg_id":"r42-2","run_id":"r42","account_id":"P1","symbol":"US:EQ:MSFT","admitted_at":"2026-11-25T10:00:00.000000Z","before":"ADMITTED","after":"REFUSED max_position","before_quantity":"50","after_quantity":"0","control":"max-position","limit":"100","observed":"60","projected":"110","unit":"quantity"},
        {"leg_id":"r43-1","run_id":"r43","account_id":"P2","symbol":"US:EQ:MSFT","admitted_at":"2026-11-25T10:00:01.000000Z","before":"ADMITTED","after":"ADMITTED","before_quantity":"50","after_quantity":"40","control":"max-position","limit":"100","observed":"60","projected":"110","unit":"quantity"}],
        "is_truncated":true,"notes":["prices are those of then"]}
        """#

    static func scenario(holds: Bool) -> String {
        #"""
        {"steps":[{"step":1,"action":"price","expect":null,"is_expected":null,"run":null,"message":"US:EQ:X at 100"},
        {"step":2,"action":"order","expect":"REFUSED max_position","is_expected":\#(holds),"message":"","run":{"status":"PREVIEW","legs":[
        {"account_id":"P1","status":"REFUSED","reject":{"code":"\#(holds ? "max_position" : "daily_loss")","scope":"account:P1","limit":"100","observed":"60","projected":"110","unit":"quantity","message":""}}]}}],"is_expected":\#(holds)}
        """#
    }

    static let override = #"""
        {"override_id":"o1","control":"max-position","scope":"account:P1","until":"2026-11-25T16:40:00.000000Z","max_uses":3,"uses":1,"reason":"hedge","by":"ana","at":"2026-11-25T16:05:00.000000Z","is_active":true}
        """#

    static func squareOff(_ status: String, position: String, quantity: String) -> String {
        #"""
        {"square_off_id":"q1","scope":"account:P1","status":"\#(status)","reason":"end of day","by":"ana","at":"2026-11-25T16:05:00.000000Z","done_at":null,"positions":[
        {"account_id":"P1","symbol":"US:EQ:MSFT","quantity":"\#(quantity)","status":"\#(position)","message":"\#(position == "BLOCKED" ? "no reference price" : "")","run_id":"r9"}]}
        """#
    }

    static let status = #"""
        {"config_version":12,"state":"active","states":[{"scope":"group:g","state":"halted","reason":"x","by":"ada","at":"2026-11-25T16:00:00.000000Z","until":null}],
        "accounts":[{"account_id":"P1","currency":"USD","state":"reducing","usage":[
        {"control":"max-position","used":"600","limit":"1000","unit":"quantity","used_bps":6000},
        {"control":"gross-exposure","used":"1200.00 USD","limit":"500000.00 USD","unit":"money","used_bps":24},
        {"control":"daily-loss","used":null,"limit":"20000 USD","unit":"money","used_bps":null}]}],
        "groups":[{"group_id":"g","state":"halted","usage":[]}],
        "firm":{"usage":[{"control":"gross-exposure","used":"5 USD","limit":"5 USD","unit":"money","used_bps":10000}]},
        "overrides":[\#(override)],"square_offs":[\#(squareOff("WORKING", position: "WORKING", quantity: "120"))],
        "heartbeats":[{"key_id":"k1","person":"ana","scope":"key:k1","ttl_ms":30000,"expires_at":"2026-11-25T16:10:30.000000Z"}]}
        """#
}
