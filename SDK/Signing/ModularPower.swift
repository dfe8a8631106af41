import COpenSSL

/// base ^ exponent mod modulus over big-endian numbers, the step of a Diffie-Hellman agreement.
func modularPower(
    _ base: UnsafeRawBufferPointer, _ exponent: UnsafeRawBufferPointer, _ modulus: UnsafeRawBufferPointer
) -> Result<[UInt8], TemplateError.Reason> {
    guard base.count <= 1024, exponent.count <= 1024, modulus.count <= 1024 else { return .failure(.outOfRange) }
    func number(_ bytes: UnsafeRawBufferPointer) -> OpaquePointer? {
        BN_bin2bn(bytes.bindMemory(to: UInt8.self).baseAddress, Int32(bytes.count), nil)
    }
    let numbers = [number(base), number(exponent), number(modulus), BN_new()]
    let context = BN_CTX_new()
    defer {
        for number in numbers { BN_clear_free(number) }
        BN_CTX_free(context)
    }
    guard numbers.allSatisfy({ $0 != nil }), let context else { return .failure(.signingFailed) }
    if BN_is_zero(numbers[2]) == 1 { return .failure(.unusableInput) }
    BN_set_flags(numbers[1], BN_FLG_CONSTTIME)  // the exponent is a secret: no time may tell of it
    guard BN_mod_exp(numbers[3], numbers[0], numbers[1], numbers[2], context) == 1 else {
        ERR_clear_error()
        return .failure(.unusableInput)
    }
    let size = Int(BN_num_bits(numbers[3]) + 7) / 8
    var result = [UInt8](repeating: 0, count: max(size, 1))
    BN_bn2binpad(numbers[3], &result, Int32(result.count))
    return .success(result)
}
