//! CBOR as the JSON that it would be, and back (RFC 8949, as far as Smithy's "RPC v2 CBOR" uses it).
//!
//! Times are tag 1 on the wire and seconds since 1970 as JSON has them, like everywhere else here. On the way out they are
//! known by the names of their members.

use minicbor::data::{IanaTag, Tag, Type};
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Number, Value};

/// Deepest nesting that is read: a metric math's dimensions are six levels down.
const DEPTH_MAX: u8 = 16;

/// `None` for what is no CBOR, or of a kind that no request has (bytes, big numbers).
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    let mut decoder = Decoder::new(bytes);
    let value = item(&mut decoder, DEPTH_MAX)?;
    (decoder.position() == bytes.len()).then_some(value)
}

fn item(decoder: &mut Decoder<'_>, depth: u8) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    Some(match decoder.datatype().ok()? {
        Type::Bool => Value::Bool(decoder.bool().ok()?),
        Type::Null | Type::Undefined => {
            decoder.skip().ok()?;
            Value::Null
        }
        Type::F16 | Type::F32 | Type::F64 => Value::Number(Number::from_f64(decoder.f64().ok()?)?),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Value::from(decoder.u64().ok()?),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => Value::from(decoder.i64().ok()?),
        Type::String | Type::StringIndef => Value::String(text(decoder)?),
        Type::Tag => {
            let tag = decoder.tag().ok()?;
            (tag == Tag::from(IanaTag::Timestamp)).then_some(())?;
            item(decoder, depth)?
        }
        Type::Array | Type::ArrayIndef => {
            let mut left = decoder.array().ok()?;
            let mut items = Vec::new();
            while !is_over(decoder, &mut left)? {
                items.push(item(decoder, depth)?);
            }
            Value::Array(items)
        }
        Type::Map | Type::MapIndef => {
            let mut left = decoder.map().ok()?;
            let mut members = Map::new();
            while !is_over(decoder, &mut left)? {
                let name = text(decoder)?;
                members.insert(name, item(decoder, depth)?);
            }
            Value::Object(members)
        }
        _ => return None,
    })
}

/// Whether an array or a map has no more items; one without a length ends with a break.
fn is_over(decoder: &mut Decoder<'_>, left: &mut Option<u64>) -> Option<bool> {
    match left {
        Some(0) => Some(true),
        Some(left) => {
            *left -= 1;
            Some(false)
        }
        None if decoder.datatype().ok()? == Type::Break => {
            decoder.skip().ok()?;
            Some(true)
        }
        None => Some(false),
    }
}

fn text(decoder: &mut Decoder<'_>) -> Option<String> {
    decoder.str_iter().ok()?.collect::<Result<String, _>>().ok()
}

/// A value as CBOR. Writing into memory does not fail.
pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    let _ = put(&mut encoder, "", value);
    encoder.into_writer()
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn put(encoder: &mut Encoder<Vec<u8>>, member: &str, value: &Value) -> Written {
    match value {
        Value::Null => encoder.null()?,
        Value::Bool(flag) => encoder.bool(*flag)?,
        Value::String(text) => encoder.str(text)?,
        Value::Number(number) => {
            if member.ends_with("Timestamp") || member == "Timestamps" {
                encoder.tag(IanaTag::Timestamp)?;
            }
            match number.as_i64() {
                Some(number) => encoder.i64(number)?,
                None => encoder.f64(number.as_f64().unwrap_or_default())?,
            }
        }
        Value::Array(items) => {
            encoder.array(items.len() as u64)?;
            for item in items {
                put(encoder, member, item)?;
            }
            return Ok(());
        }
        Value::Object(members) => {
            encoder.map(members.len() as u64)?;
            for (name, value) in members {
                encoder.str(name)?;
                put(encoder, name, value)?;
            }
            return Ok(());
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let value = json!({
            "AlarmName": "steady-prod/checkout-burst", "Threshold": 80.0, "Period": 60, "None": null,
            "ActionsEnabled": true, "Values": [0.25, -3], "Timestamps": [1_795_226_400.125, 1_795_226_400],
            "Dimensions": [{ "Name": "QueueName", "Value": "jobs" }],
        });
        assert_eq!(read(&write(&value)), Some(value));
    }

    #[test]
    fn a_time_is_tagged_and_a_length_may_be_missing() {
        assert_eq!(write(&json!({ "Timestamps": [1] })), b"\xa1\x6aTimestamps\x81\xc1\x01");
        let indefinite = b"\xbf\x61a\x9f\x01\x7f\x61b\x61c\xff\xff\xff";
        assert_eq!(read(indefinite), Some(json!({ "a": [1, "bc"] })));
    }

    #[test]
    fn what_is_no_request_is_not_read() {
        let deep = [0x81; 40];
        let cases: [&[u8]; 7] =
            [b"", b"\xa1", b"\x01\x01", b"\x41a", b"\xa1\x01\x01", b"\xff", &deep];
        for bytes in cases {
            assert_eq!(read(bytes), None, "{bytes:x?}");
        }
    }
}
