/// Keys that sign nothing but this test's text, and what openssl signed with them.
enum OpenSSLKeys {
    static let message = "signed by openssl"

    // PKCS#8 in base64; of the curves also SEC 1, and the bare number.
    static let ed25519 =
        "MC4CAQAwBQYDK2VwBCIEIEP7ocX96kFVqb5379ySvLn1/bbCWMevROctPuF39gHc"
    static let p256 =
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZI+y39O49fW15R55i3raak7eH7kRkC3xIEue3Zi40bqhRANC"
        + "AAQXBmUm2e63FoRL3d9dl9eoT4IxLIb9Z6ESLSxviRkghfTHGsry+nYdQ7aiKhNjT/+xSQVwCbX86AHvZ85jM+F7"
    static let p256SEC1 =
        "MHcCAQEEIGSPst/TuPX1teUeeYt62mpO3h+5EZAt8SBLnt2YuNG6oAoGCCqGSM49AwEHoUQDQgAEFwZlJtnutxaES93fXZfX"
        + "qE+CMSyG/WehEi0sb4kZIIX0xxrK8vp2HUO2oioTY0//sUkFcAm1/OgB72fOYzPhew=="
    static let secp256k1 =
        "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgG6V2alOxTB0xgNoowStoH4ZSxDT1CIV1sF8s4RMhgWuhRANCAARg"
        + "zEZOSgedhg6IDycrFsOJeAEQSaaHaBhoSp1tCO1PaeR6u0frcHcMVCF3VsjhlJtWesI6dHhsdzma5FmNiI6l"
    static let secp256k1SEC1 =
        "MHQCAQEEIBuldmpTsUwdMYDaKMEraB+GUsQ09QiFdbBfLOETIYFroAcGBSuBBAAKoUQDQgAEYMxGTkoHnYYOiA8nKxbDiXgB"
        + "EEmmh2gYaEqdbQjtT2nkertH63B3DFQhd1bI4ZSbVnrCOnR4bHc5muRZjYiOpQ=="
    static let rsa =
        "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCvrJntVScAMfKbievp3+e86qrvv4EzgO+hW97h6ft5MkdQ"
        + "tUZp2D6S8d+bOoLovzMJLEDRClmfAr+I9nakShBB3MXOxAzXmPGwc2J6gwE9M6d+MLGd7qePlpTg8vU4qnqwXhBDCWCLPSNt"
        + "cdcwWAkXIceleVQ8KCp/ci4sKfC4WFTVOrlruVQBsIYwJUTQSXT571nlHOHFi8r3Vnj4LnNsU78UKQ0rJ30z0mHxyknOxna3"
        + "XjNz/0ey7aI28LRKDXoHdZBA8A01WqHIysutRPZdqsi1dBqAyEKZjVatFXil2H3SE7ZDOg+CRHIpPlwNRMSPcAjUZ7Um8FF2"
        + "t4F0AQ7FAgMBAAECggEAAPVrrDGIsk8TeFtlQPixefupkm3Ld+tFI4Dt6juNuNY8wvbrbWEoFIw1N4lt/eJzg8bM1S4QELaU"
        + "VyVcB/WhgqcS2PyDVSRwBu1EjmHiNVjvmfzDU2AZG0b+BSP1I6CGiilsrW/VKdQ3XqJ1MPS0UbWj1urVp+qr6UVsB4L0gmmX"
        + "PdiZMk86il7WYzifTUmV6QdfzJVIJQMx2bB3jLF5WLgmOmVCAflanszmUOrdCnwMCJ3KbjhHbDjgfFospZYIpOYoqdTO6NOl"
        + "61aeWoM+LhmdNk1JLFpNJCJvjqQEi3sMLZ11GNfX/wl7x6Svk4hsoDMqvIsTcA/LtOgeW9n0EQKBgQDjKSvVlQpxhO5t9y6s"
        + "KvANGZyzyJGDCMKboGhfX7rXxKCbzVjSxSbhOw+t0OF5jw4G5WdZnx0z+EEJroPPpjp+Gvzozlo3eUbuB8vfDMior4wEU/H7"
        + "On4N/lvz//GGmU37fc/8nY4idyFl3VxVVxM6d09YRcKDiliW4HPqOvEojQKBgQDF+henUT2JwnuBjmRNJIj3kUd4/uITApbE"
        + "qprLTjI8xpWScuVp1UErBVLnl6eNYSWIJIJLr96ZvGcQ09PQt8nSGP3ms1WMKqBihUAuIXbzS5bzeqo5gasMDmGdn7DtWKf/"
        + "rpACpd4LZZj6nhIiXnTqVM/mtIMn5qn+fnYEjpS9GQKBgQC5eTZHL2fVhFpBAx/ihzR1HcJqsIrO2Go9M13E8Z7W6b7RN3sc"
        + "rMiwAc8tdm2DGSC01L3r2RS5CCviQdFxzCHaMSLq2wGiZa1aUJdPSVrVEHBcYEYlgH7H4jUmJoYIBkg73V/ivKn+zhJA39qx"
        + "+2TBygTI6DyHtn/awO0kBHg/SQKBgAr1qVGN4cY6ifPGGi9bEmoCFN7R3VoIDqiceS1ACu/qXmVZDvIo6A6loM1JS/E7q4Q5"
        + "4Sync782+s2nrFYllnqW/5dB3j6ALZjGn6LuH1Ogn56i78F3OCzWrvi22miJO+OfmkFLRVuEKE/XaFGWwQon38p5u7j9v/Ni"
        + "tM3TxtAhAoGBAJ3kPuPS2QSdf6/ifXm5qVS/wTOKtducDUKjcIhjc2Hfey/la7zqCs1EHyvVNgR8xxEabB97Z4BfX00R0pMn"
        + "p99c0Gma4f7us1eqFhpO4RzWhLdHfFiY1xAwsW4otftPCs34uK44BzxXHWwOgpBx0efKcvpY6A3v/xWXuxVGW/wI"
    // Public keys, as SubjectPublicKeyInfo in base64.
    static let ed25519Public =
        "MCowBQYDK2VwAyEAnDQekSZSBS47tcddNvppS5F0J3Lo5qlAmD9CPD5IePE="
    static let p256Public =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFwZlJtnutxaES93fXZfXqE+CMSyG/WehEi0sb4kZIIX0xxrK8vp2HUO2oioT"
        + "Y0//sUkFcAm1/OgB72fOYzPhew=="
    static let secp256k1Public =
        "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEYMxGTkoHnYYOiA8nKxbDiXgBEEmmh2gYaEqdbQjtT2nkertH63B3DFQhd1bI4ZSb"
        + "VnrCOnR4bHc5muRZjYiOpQ=="
    static let rsaPublic =
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr6yZ7VUnADHym4nr6d/nvOqq77+BM4DvoVve4en7eTJHULVGadg+"
        + "kvHfmzqC6L8zCSxA0QpZnwK/iPZ2pEoQQdzFzsQM15jxsHNieoMBPTOnfjCxne6nj5aU4PL1OKp6sF4QQwlgiz0jbXHXMFgJ"
        + "FyHHpXlUPCgqf3IuLCnwuFhU1Tq5a7lUAbCGMCVE0El0+e9Z5RzhxYvK91Z4+C5zbFO/FCkNKyd9M9Jh8cpJzsZ2t14zc/9H"
        + "su2iNvC0Sg16B3WQQPANNVqhyMrLrUT2XarItXQagMhCmY1WrRV4pdh90hO2QzoPgkRyKT5cDUTEj3AI1Ge1JvBRdreBdAEO"
        + "xQIDAQAB"
    // Signatures in base64.
    static let ed25519Signature =
        "DT+ryYGRGG9sBTgojQUvXwvM6Wj/UZhS+uetLOe4Ly/tHlc0LDKExusRKB4kqiIVy+oL6YHQb8/ip2mY0T2+Dg=="
    static let rsaSHA256Signature =
        "DGsKkZ3Kx/D9D6ypqS7+mNSYcBrNpHZLopdzRbUjpJDUoYiYpuQElIkyh8MYYiynsWT4pBs6RZNKHdKcOuWkvowpL96/QmHU"
        + "SK/r8RVlgwTLQZo9AgJ8nZp8VXwkIbN0lZF1tJc9X/IfkGvK87lITuXvrjEsq+ivev1oa0nHG6QlS3lKQ6UPx2dyD+xrsnvY"
        + "VA8FNhfhMqIxk6fVVSm8BkRyEhoPpzZeSR3MghQGQimFcKj3wA7hvxdtwRqQGMJz1OUNa1FAp6BDKt520y3oh+8N1YNa0Gii"
        + "cCvthduKqwr0NSn1gLRT42fhtZ4u9ruFwrdp0ltwJhgCcexnDpwNCQ=="
    static let rsaSHA512Signature =
        "eDWaJghiFv2zt3OvGDTPKOeKI6aqhk9cQ5IrtRYGZszwPho4/eMRGIrjKGZVFGP79yy0pgVhnFA5hpKMPymLqi+tCeN+RxWB"
        + "kAsH/9nhl71YDXMBMjRGgyM+qe42ueaMrth3IX8Ws8VfQF2Ydtm409HE8X5Ph1M+l5EnChkqp7SxF9qhUwejVYcaBlLTfpT3"
        + "v9V3Uf074WAaaNchxS8fOvtEhBwOmrpG97Ono92D90+Pgy5H3UOjl/Wt2hUk4vVVv5M3MjKYAB+QKww2/4S5Zi3OxgyiYmUD"
        + "kR9u64A0ZB6JFfgSnY2pQUqgnzKR88GoST1ImVi2fY0NRHj4lkwCAA=="
}
