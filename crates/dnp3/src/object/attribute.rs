//! Device attributes (annex A, group 0).

use crate::Value;
use crate::octets::Octets;
use crate::table::Number;

/// One device attribute. Its set is the object's index: 0 is the standard one, others are the user's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attribute<'a> {
    /// Which: see [`attribute_name`], for set 0.
    pub variation: u8,
    /// How it is typed.
    pub data_type: AttributeType,
    /// Its value, as its type and length allow; octets where they do not fit.
    pub value: Value<'a>,
    /// Its octets.
    pub octets: &'a [u8],
}

/// The type of an attribute, or of an element of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeType(pub u8);

impl AttributeType {
    /// A number without sign.
    pub const UNSIGNED: Self = Self(2);
    /// Bits.
    pub const BIT_STRING: Self = Self(6);

    /// The name in records, `reserved` where the standard has none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "none",
            1 => "visible_string",
            2 => "unsigned_integer",
            3 => "integer",
            4 => "floating_point",
            5 => "octet_string",
            6 => "bit_string",
            7 => "time",
            8 => "unicode_string",
            254 => "attribute_list",
            255 => "attribute_list_extended",
            _ => "reserved",
        }
    }

    /// A value of this type, where its length allows one; octets where it does not.
    #[must_use]
    pub fn value(self, octets: &[u8]) -> Value<'_> {
        let number = |number| Value::read(&mut Octets(octets), number, 0);
        let value = match (self.0, octets.len()) {
            (0, 0) => Some(Value::None),
            (1 | 8, _) => Some(Value::Text(octets)),
            (2, 1..=8) => Octets::unsigned(octets).map(Value::Unsigned),
            (3, 1) => octets.first().map(|octet| Value::Signed(octet.cast_signed().into())),
            (3, 2) => number(Number::I16),
            (3, 4) => number(Number::I32),
            (3, 8) => Octets(octets).u64().map(|number| Value::Signed(number.cast_signed())),
            (4, 4) => number(Number::F32),
            (4, 8) => number(Number::F64),
            (7, 6) => Octets(octets).time().map(Value::Time),
            _ => None,
        };
        value.unwrap_or(Value::Octets(octets))
    }
}

impl<'a> Attribute<'a> {
    pub(crate) fn read(variation: u8, octets: &'a [u8]) -> Option<Self> {
        let mut fields = Octets(octets);
        let data_type = AttributeType(fields.u8()?);
        let length = fields.u8()?;
        let octets = fields.rest();
        (octets.len() == usize::from(length)).then_some(())?;
        Some(Self { variation, data_type, value: data_type.value(octets), octets })
    }

    /// The variations that a list of attributes (255) names, each with whether it can be written.
    pub fn listed(&self) -> impl Iterator<Item = (u8, bool)> + use<'a> {
        let octets = if self.data_type.0 >= 254 { self.octets } else { &[] };
        octets.chunks_exact(2).filter_map(|pair| match pair {
            [variation, properties] => Some((*variation, properties & 1 != 0)),
            _ => None,
        })
    }
}

/// The name of a standard attribute in records; none where the standard has none.
#[must_use]
pub const fn attribute_name(variation: u8) -> Option<&'static str> {
    Some(match variation {
        196 => "configuration_id",
        197 => "configuration_version",
        198 => "configuration_build_date",
        199 => "configuration_last_change",
        200 => "configuration_signature",
        201 => "configuration_signature_algorithm",
        202 => "master_resource_id",
        203 => "device_altitude",
        204 => "device_longitude",
        205 => "device_latitude",
        206 => "secondary_operator_name",
        207 => "primary_operator_name",
        208 => "system_name",
        209 => "secure_authentication_version",
        210 => "security_statistics_per_association",
        211 => "user_specific_attributes_id",
        212 => "master_defined_data_set_prototypes",
        213 => "outstation_defined_data_set_prototypes",
        214 => "master_defined_data_sets",
        215 => "outstation_defined_data_sets",
        216 => "binary_outputs_per_request_max",
        217 => "local_timing_accuracy_us",
        218 => "duration_of_timing_accuracy_s",
        219 => "analog_output_events_supported",
        220 => "analog_output_index_max",
        221 => "analog_outputs",
        222 => "binary_output_events_supported",
        223 => "binary_output_index_max",
        224 => "binary_outputs",
        225 => "frozen_counter_events_supported",
        226 => "frozen_counters_supported",
        227 => "counter_events_supported",
        228 => "counter_index_max",
        229 => "counters",
        230 => "frozen_analog_inputs_supported",
        231 => "analog_input_events_supported",
        232 => "analog_input_index_max",
        233 => "analog_inputs",
        234 => "double_bit_events_supported",
        235 => "double_bit_index_max",
        236 => "double_bit_inputs",
        237 => "binary_input_events_supported",
        238 => "binary_input_index_max",
        239 => "binary_inputs",
        240 => "transmit_fragment_octets_max",
        241 => "receive_fragment_octets_max",
        242 => "software_version",
        243 => "hardware_version",
        244 => "owner_name",
        245 => "location",
        246 => "user_assigned_id",
        247 => "device_name",
        248 => "serial_number",
        249 => "subset_and_conformance",
        250 => "product_name_and_model",
        252 => "manufacturer_name",
        254 => "all_attributes",
        255 => "attribute_variations",
        _ => return None,
    })
}
