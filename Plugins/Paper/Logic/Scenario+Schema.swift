extension Scenario {
    /// JSON Schema of the member `scenario`. Which parameters belong to which fault, and which events can meet it, is
    /// checked when the session is made (`Scenario+Reading`) and told in `README.md`. A test holds the two together.
    static let schema = #"""
        {
              "type": "object", "additionalProperties": false,
              "description": "What goes wrong on purpose between the adapter and its simulated broker. Absent: nothing.",
              "properties": {
                "seed": {
                  "type": "integer", "minimum": 0, "maximum": 9223372036854775807, "default": 0,
                  "description": "What chance is drawn from: the same seed and the same calls meet the same faults."
                },
                "dedupes_client_reference": {
                  "type": "boolean", "default": true,
                  "description": "Whether the simulated broker refuses a client reference that it remembers."
                },
                "allow_crash": {
                  "type": "boolean", "default": false,
                  "description": "Whether a rule may end the process that the adapter runs in. Never in a live account."
                },
                "rules": {
                  "type": "array", "maxItems": 100, "default": [],
                  "description": "An event meets the fault of the first rule that it sets off.",
                  "items": {
                    "type": "object", "additionalProperties": false, "required": ["when", "then"],
                    "properties": {
                      "when": {
                        "type": "object", "additionalProperties": false,
                        "oneOf": [ { "required": ["command"] }, { "required": ["report"] } ],
                        "properties": {
                          "command": {
                            "enum": [
                              "submit", "modify", "cancel", "cancel_all", "look_up", "query", "query.order",
                              "query.orders", "query.trades", "query.positions", "query.holdings", "query.funds",
                              "query.margins", "query.instruments", "query.profile"
                            ]
                          },
                          "report": { "enum": ["execution", "state", "any"] },
                          "account": { "type": "string" },
                          "symbol": { "type": "string", "description": "Canonical id of the instrument." },
                          "side": { "enum": ["BUY", "SELL"] },
                          "nth": { "type": "integer", "minimum": 1, "description": "The n-th alone, counted from 1." },
                          "every": { "type": "integer", "minimum": 1, "description": "The n-th, the 2n-th, and so on." },
                          "chance": {
                            "type": "string", "pattern": "^[01](\\.[0-9]{1,9})?$",
                            "description": "Of each event, from the seed; 0 to 1."
                          },
                          "from_ms": {
                            "type": "integer", "minimum": 0, "maximum": 86400000, "default": 0,
                            "description": "Milliseconds since the session was opened; so to_ms, not included."
                          },
                          "to_ms": { "type": "integer", "minimum": 1, "maximum": 86400000 },
                          "limit": { "type": "integer", "minimum": 1, "description": "How often at most." }
                        }
                      },
                      "then": {
                        "type": "object", "additionalProperties": false, "required": ["fault"],
                        "properties": {
                          "fault": {
                            "enum": [
                              "reply_lost", "late_reject", "partial_then_reject", "fill_before_ack",
                              "fill_after_cancel", "report_lost", "duplicate_reports", "shuffle_reports", "visibility_delay",
                              "pages_disagree", "session_expiry", "throttle", "clock_skew", "hang", "slow", "crash"
                            ]
                          },
                          "phase": { "enum": ["before", "after"], "description": "Of what the broker does." },
                          "timeout_ms": { "type": "integer", "minimum": 0, "maximum": 120000 },
                          "remains": { "enum": ["nothing", "truncated", "server_error"] },
                          "lose_reports": { "type": "boolean" },
                          "delay_ms": { "type": "integer", "minimum": 0, "maximum": 60000 },
                          "jitter_ms": { "type": "integer", "minimum": 0, "maximum": 60000 },
                          "within_ms": { "type": "integer", "minimum": 1, "maximum": 60000 },
                          "part_bps": { "type": "integer", "minimum": 1, "maximum": 10000 },
                          "times": { "type": "integer", "minimum": 2, "maximum": 10 },
                          "declared": { "type": "boolean" },
                          "how": { "enum": ["repeat", "omit", "loop"] },
                          "login_ms": { "type": "integer", "minimum": 0, "maximum": 60000 },
                          "retry_after_ms": { "type": "integer", "minimum": 0, "maximum": 60000 },
                          "offset_ms": { "type": "integer", "minimum": -86400000, "maximum": 86400000 },
                          "hang_ms": { "type": "integer", "minimum": 1, "maximum": 10000 }
                        }
                      }
                    }
                  }
                }
              }
            }
        """#
}
