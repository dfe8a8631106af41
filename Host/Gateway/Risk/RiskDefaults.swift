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
        """
}
