//! Any octets as Modbus.

/// Framing and meaning of any octets, in both directions.
pub(super) fn any_octets(input: &[u8]) {
    gridtap_modbus::fuzzing::everything(input);
}
