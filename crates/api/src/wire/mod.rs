//! Wire formats: the syntax of JSON, YAML and protobuf bodies. Meaning is the schema walker's.

pub mod base64;
pub mod json;
pub mod yaml;

/// The start of a body as error messages show it: text if it looks like JSON, hexadecimal otherwise.
pub fn summary(body: &[u8]) -> String {
    const BYTES_MAX: usize = 30;
    let (shown, more) = match body.get(..BYTES_MAX) {
        Some(start) if body.len() > BYTES_MAX => (start, " ..."),
        _ => (body, ""),
    };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(shown)),
        Some(_) => {
            let hex: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}{more}")
        }
    }
}
