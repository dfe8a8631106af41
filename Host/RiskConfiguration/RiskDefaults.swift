/// The profile that every account starts from: finite, cautious values for every control, per currency where they are
/// money (RISK.md §6). Read by the reader of documents, so that `sluice rms show` prints what is in force.
package enum RiskDefaults {
    package static let document = """
        rms: 1
        profiles:
          default:
            allow-list:
              - segments: [NSE, NFO, CDS, NCO, BSE, BFO, BCD, MCX, NCDEX, US, OPRA, XNAS, XNYS, ARCX, CME, CBOT, NYMEX,
                  COMEX, IDEALPRO, BINANCE, BINANCEUSDM, BINANCECOINM, BYBIT, OKX, KRAKEN, KRAKENFUTURES, COINBASE,
                  KUCOIN, GATE, UPBIT, DERIBIT, BITGET]
                products: [DELIVERY, CASH]
                order_types: [MARKET, LIMIT, STOP, STOP_LIMIT]
                time_in_force: [DAY, IOC, FOK, GTC]
                sides: [BUY, SELL]
                order_classes: [REGULAR]
                short_selling: false
                option_selling: false
              - segments: [NSE, NFO, CDS, NCO, BSE, BFO, BCD, MCX, NCDEX, US, OPRA, XNAS, XNYS, ARCX, CME, CBOT, NYMEX,
                  COMEX, IDEALPRO, BINANCE, BINANCEUSDM, BINANCECOINM, BYBIT, OKX, KRAKEN, KRAKENFUTURES, COINBASE,
                  KUCOIN, GATE, UPBIT, DERIBIT, BITGET]
                products: [INTRADAY, CARRY, MARGIN]
                order_types: [MARKET, LIMIT, STOP, STOP_LIMIT]
                time_in_force: [DAY, IOC, FOK, GTC]
                sides: [BUY, SELL]
                order_classes: [REGULAR]
                short_selling: true
                option_selling: false
            market-protection: { convert: none }
            price-collar: { bps: 1000, max_age: 60s }
            quantity-limits: { min: 1, max: 10000, max_lots: 10000, parent_max: 100000 }
            notional-limits:
              max: ["2000000 INR", "100000 USD", "100000 EUR", "100000 GBP", "10000000 JPY", "100000 USDT",
                "100000 USDC", "2 BTC", "100000000 KRW"]
              parent_max: ["10000000 INR", "500000 USD", "500000 EUR", "500000 GBP", "50000000 JPY", "500000 USDT",
                "500000 USDC", "10 BTC", "500000000 KRW"]
            freeze-slicing: { max_slices: 10 }
            message-rate: { windows: [ { limit: 10, per: 1s } ], max_hold: 2s }
            max-open-orders: { max: 100, per_instrument: 50 }
            max-position: { max: 10000 }
            gross-exposure:
              max: ["10000000 INR", "500000 USD", "500000 EUR", "500000 GBP", "50000000 JPY", "500000 USDT",
                "500000 USDC", "10 BTC", "500000000 KRW"]
            margin-buffer: { bps: 500, max_age: 60s, rates: [ { match: "*", bps: 10000 } ] }
            daily-loss:
              max: ["100000 INR", "10000 USD", "10000 EUR", "10000 GBP", "1000000 JPY", "10000 USDT", "10000 USDC",
                "0.2 BTC", "10000000 KRW"]
              warn_bps: 8000
              then: reducing
            # No calendar is shipped: sessions and holidays are the operator's data.
            trading-hours: { calendar: none, day: UTC }
            repeated-execution: { max: 1000 }
            modification-cap: { max: 20 }
            duplicate-order: { max: 3, window: 2s }
            daily-counts:
              { orders: 2000, modifications: 2000, lots: 1000000, cancels: 2000,
                per_instrument: { orders: 1000, modifications: 1000, lots: 1000000 } }
            net-exposure:
              max: ["10000000 INR", "500000 USD", "500000 EUR", "500000 GBP", "50000000 JPY", "500000 USDT",
                "500000 USDC", "10 BTC", "500000000 KRW"]
              by: underlying
            concentration: { bps: 10000 }
            leverage: { bps: 20000 }
            short-rules: { delivery: free, naked_options: false }
            drawdown:
              max: ["200000 INR", "20000 USD", "20000 EUR", "20000 GBP", "2000000 JPY", "20000 USDT", "20000 USDC",
                "0.4 BTC", "20000000 KRW"]
              bps: 3000
              epoch: session
              then: reducing
            loss-streak:
              count: 20
              epsilon: ["100 INR", "1 USD", "1 EUR", "1 GBP", "100 JPY", "1 USDT", "1 USDC", "0.0001 BTC", "1000 KRW"]
              cool_off: 15m
            # Every conflict is on the record of its leg; `reject` and `cancel_resting` refuse it.
            self-trade: { scope: owner, action: tag }
        """
}
