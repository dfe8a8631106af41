extension Settings {
    /// JSON Schema of an account's config, with every default and unit. A test holds it against `Settings`.
    static let schema = #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "starting_cash": {
              "type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,18})?$", "default": "1000000",
              "description": "Cash of a new account, in its currency. Looked at once, when the account is new."
            },
            "margin_bps": {
              "type": "object", "additionalProperties": false, "default": {},
              "description": "What a position blocks, in ten-thousandths of its notional. DELIVERY and CASH are paid in full.",
              "properties": {
                "INTRADAY": { "type": "integer", "minimum": 0, "maximum": 20000, "default": 2000 },
                "CARRY": { "type": "integer", "minimum": 0, "maximum": 20000, "default": 2000 },
                "MARGIN": { "type": "integer", "minimum": 0, "maximum": 20000, "default": 5000 },
                "WRITTEN_OPTION": {
                  "type": "integer", "minimum": 0, "maximum": 10000, "default": 2000,
                  "description": "Of strike x quantity x multiplier, for a sold option. A bought option blocks its premium."
                }
              }
            },
            "slippage_bps": {
              "type": "integer", "minimum": 0, "maximum": 10000, "default": 0,
              "description": "What an order that takes a price pays beyond it, in ten-thousandths, rounded up to the tick."
            },
            "fees": {
              "type": "object", "additionalProperties": false, "default": {},
              "description": "What an order owes over all its executions: per_order + bps of its value, within the bounds.",
              "properties": {
                "per_order": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,18})?$", "default": "0" },
                "bps": { "type": "string", "pattern": "^[0-9]{1,5}(\\.[0-9]{1,4})?$", "default": "0" },
                "minimum": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,18})?$", "default": "0" },
                "maximum": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,18})?$" },
                "decimals": {
                  "type": "integer", "minimum": 0, "maximum": 18, "default": 2,
                  "description": "Fees are rounded up to this many decimals of the account's currency."
                }
              }
            },
            "participation_bps": {
              "type": "integer", "minimum": 0, "maximum": 10000, "default": 1000,
              "description": "The share of a candle's volume the account may trade, in ten-thousandths; 0: without bound."
            },
            "quote_size_bps": {
              "type": "integer", "minimum": 1, "maximum": 1000000, "default": 10000,
              "description": "The share of a quote's size the account may trade, in ten-thousandths."
            },
            "fills_from": {
              "enum": ["auto", "quotes", "candles"], "default": "auto",
              "description": "Which prices fill orders where both kinds arrive."
            },
            "ack_delay_ms": {
              "type": "integer", "minimum": 0, "maximum": 60000, "default": 0,
              "description": "How long an order, modify or cancel travels to the simulated broker, in milliseconds."
            },
            "fill_delay_ms": {
              "type": "integer", "minimum": 0, "maximum": 60000, "default": 0,
              "description": "How long an accepted order waits before it may meet the market, in milliseconds."
            },
            "day_end": {
              "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "default": "00:00",
              "description": "End of the trading day, UTC: DAY orders expire, DELIVERY and CASH settle into holdings."
            },
            "price_band_bps": {
              "type": "integer", "minimum": 1, "maximum": 1000000,
              "description": "How far a limit or trigger price may lie from the last price, in ten-thousandths. Absent: no band."
            },
            "reject_market_without_price": {
              "type": "boolean", "default": false,
              "description": "Reject a market order while no price is known, instead of holding it until the first one."
            },
            "max_working_orders": { "type": "integer", "minimum": 1, "maximum": 100000, "default": 10000 },
            "max_remembered_orders": {
              "type": "integer", "minimum": 0, "maximum": 100000, "default": 10000,
              "description": "Ended orders that can still be asked about; the oldest is forgotten for one more."
            },
            "max_instruments": { "type": "integer", "minimum": 1, "maximum": 100000, "default": 10000 },
            "positions": {
              "type": "array", "maxItems": 10000, "default": [],
              "description": "What a new account holds. DELIVERY and CASH are holdings. Looked at once, when it is new.",
              "items": {
                "type": "object", "additionalProperties": false,
                "required": ["instrument", "product", "quantity", "average_price"],
                "properties": {
                  "instrument": { "type": "string" },
                  "product": { "enum": ["INTRADAY", "DELIVERY", "CARRY", "MARGIN", "CASH"] },
                  "quantity": { "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$" },
                  "average_price": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" },
                  "multiplier": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$", "default": "1" }
                }
              }
            },
            "instruments": {
              "type": "array", "maxItems": 10000, "default": [],
              "description": "Instruments the account lists when it is asked for instruments.",
              "items": {
                "type": "object", "additionalProperties": false, "required": ["id", "tick", "lot_size"],
                "properties": {
                  "id": { "type": "string" },
                  "name": { "type": "string" },
                  "currency": { "type": "string", "description": "Default: the account's." },
                  "tick": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" },
                  "lot_size": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" },
                  "multiplier": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$", "default": "1" }
                }
              }
            },
            "scenario": \#(Scenario.schema)
          }
        }
        """#

    /// What holds together: every row is a set of order types and validities for a set of products and venues.
    static let capabilityDocument = #"""
        {
          "combinations": [
            {
              "venues": ["*"],
              "kinds": ["EQ", "OPT", "SPOT", "FX"],
              "products": ["INTRADAY", "DELIVERY", "CARRY", "MARGIN", "CASH"],
              "order_types": ["MARKET", "LIMIT"],
              "time_in_force": ["DAY", "IOC", "FOK", "GTC", "GTD"],
              "order_classes": ["REGULAR"]
            },
            {
              "venues": ["*"],
              "kinds": ["EQ", "OPT", "SPOT", "FX"],
              "products": ["INTRADAY", "DELIVERY", "CARRY", "MARGIN", "CASH"],
              "order_types": ["STOP", "STOP_LIMIT"],
              "time_in_force": ["DAY", "GTC", "GTD"],
              "order_classes": ["REGULAR"]
            },
            {
              "venues": ["*"],
              "kinds": ["FUT", "PERP"],
              "products": ["INTRADAY", "CARRY", "MARGIN"],
              "order_types": ["MARKET", "LIMIT"],
              "time_in_force": ["DAY", "IOC", "FOK", "GTC", "GTD"],
              "order_classes": ["REGULAR"]
            },
            {
              "venues": ["*"],
              "kinds": ["FUT", "PERP"],
              "products": ["INTRADAY", "CARRY", "MARGIN"],
              "order_types": ["STOP", "STOP_LIMIT"],
              "time_in_force": ["DAY", "GTC", "GTD"],
              "order_classes": ["REGULAR"]
            }
          ],
          "modifiable": ["quantity", "price", "trigger_price", "order_type", "time_in_force"],
          "client_reference": { "max_length": 18, "carried": true, "deduplicated": true },
          "flags": ["closing"],
          "max_batch": 1000
        }
        """#
}
