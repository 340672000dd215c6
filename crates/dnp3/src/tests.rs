mod headers;
mod objects;
mod peer;
mod points;
mod properties;
mod security;
mod vectors;

use crate::link::tests::octets;
use crate::*;

/// A fragment's octets: control C0, a function, no indications in a response, and objects.
fn fragment(function: u8, objects: &str) -> Vec<u8> {
    let mut fragment = vec![0xC0, function];
    if function >= 128 {
        fragment.extend([0, 0]);
    }
    fragment.extend(octets(objects));
    fragment
}

/// A value as a reviewer reads it.
fn value(value: Value<'_>) -> String {
    match value {
        Value::None => "none".to_owned(),
        Value::Bit(bit) => if bit { "on" } else { "off" }.to_owned(),
        Value::DoubleBit(state) => state.name().to_owned(),
        Value::Unsigned(number) => number.to_string(),
        Value::Signed(number) => format!("{number:+}"),
        Value::Float32(number) => format!("{number:?}f32"),
        Value::Float64(number) => format!("{number:?}f64"),
        Value::Octets(octets) => format!("{octets:02X?}"),
        Value::Text(text) => format!("\"{}\"", text.escape_ascii()),
        Value::Time(unix_ms) => format!("@{unix_ms}"),
    }
}

fn time(time: Option<Time>) -> String {
    match time {
        None => String::new(),
        Some(Time::Absolute(unix_ms)) => format!(" @{unix_ms}"),
        Some(relative @ Time::Relative { after_ms, .. }) => {
            format!(" +{after_ms}={:?}", relative.unix_ms())
        }
    }
}

/// An item as a reviewer reads it.
fn told(item: &Item<'_>) -> String {
    let index = item.index.map_or(String::new(), |index| format!("{index}: "));
    let fault = item.fault.map_or(String::new(), |fault| format!(" !{}", fault.name()));
    let text = match item.object {
        Object::Point(point) => {
            let flags: Vec<&str> = point.flags.iter().flat_map(|flags| flags.names()).collect();
            let flags =
                if flags.is_empty() { String::new() } else { format!(" {}", flags.join(",")) };
            let status = point.status.map_or(String::new(), |status| format!(" {}", status.name()));
            format!("{}{flags}{status}{}", value(point.value), time(point.time))
        }
        Object::Control(ControlBlock { code, count, on_ms, off_ms, status }) => format!(
            "{}/{}{}{} x{count} on {on_ms} off {off_ms} {}",
            code.operation().name(),
            code.trip_close().name(),
            if code.clears() { " clear" } else { "" },
            if code.is_queued() { " queue" } else { "" },
            status.name()
        ),
        Object::Setpoint(setpoint) => {
            format!("{} {}", value(setpoint.value), setpoint.status.name())
        }
        Object::Clock(unix_ms) => format!("@{unix_ms}"),
        Object::Interval(each) => {
            format!("@{} every {} {}", each.unix_ms, each.every, each.unit.name())
        }
        Object::CommonTime(each) => format!("@{} synchronised {}", each.unix_ms, each.synchronised),
        Object::Delay(delay) => format!("{delay:?}={} ms", delay.milliseconds()),
        Object::Attribute(each) => format!(
            "{} {} {}",
            attribute_name(each.variation).unwrap_or("?"),
            each.data_type.name(),
            value(each.value)
        ),
        Object::Statistic(each) => format!(
            "association {} count {} {}{}",
            each.association,
            each.count,
            each.flags.names().collect::<Vec<_>>().join(","),
            time(each.time)
        ),
        Object::Elements(elements) => elements
            .map(|each| {
                format!(
                    "{} {} {} {:02X?}; ",
                    each.code.name(),
                    each.data_type.name(),
                    each.length_max,
                    each.ancillary
                )
            })
            .collect(),
        Object::Characteristics(each) => each.names().collect::<Vec<_>>().join(","),
        Object::PointIndexes(each) => {
            format!("{:?} {:?}", each.id(), each.points().collect::<Vec<_>>())
        }
        Object::DataSet(values) => format!("{:02X?}", values.collect::<Vec<_>>()),
        Object::Activation(each) => {
            format!("in {} ms {:?}", each.delay_ms, each.statuses().collect::<Vec<_>>())
        }
        Object::PrivateDescriptor(each) => {
            let vendor = each.vendor.escape_ascii();
            format!("{vendor} {} {:?}", each.object, each.parts().collect::<Vec<_>>())
        }
        Object::DeviceProfile(each) => {
            let functions: Vec<u8> = (0..64).filter(|code| each.has(FunctionCode(*code))).collect();
            format!("{functions:?} {} headers {:02X?}", each.headers, each.octets)
        }
        object => format!("{object:?}"),
    };
    format!("{index}{text}{fault}")
}

/// Everything in a fragment's objects as a reviewer reads it.
fn read(function: u8, objects: &str) -> Vec<String> {
    let octets = fragment(function, objects);
    let fragment = Fragment::of(&octets).unwrap();
    let mut lines = Vec::new();
    for block in fragment.blocks() {
        match block {
            Ok(block) => {
                lines.extend(block.items().map(|item| told(&item)));
                lines.extend(block.fault.map(|fault| format!("! {fault}")));
            }
            Err(fault) => lines.push(format!("! {fault}")),
        }
    }
    lines
}
