//! Passwords: `unicodePwd` (MS-ADTS 3.1.1.3.1.5) and the policy of the domain.

use super::refusal::Refusal;
use super::writes::Line;

/// The password that is to be set, if the domain takes it: in quotes and UTF-16, on an encrypted line, long enough and
/// of three kinds of characters at least.
pub(super) fn read(values: &[Vec<u8>], line: Line, least: usize) -> Result<String, Refusal> {
    if line == Line::Plain {
        return Err(Refusal::unwilling(0x001f));
    }
    let [value] = values else {
        return Err(Refusal::unwilling(0x001f));
    };
    let units: Vec<u16> = value
        .chunks_exact(2)
        .filter_map(|pair| Some(u16::from_le_bytes([*pair.first()?, *pair.get(1)?])))
        .collect();
    let text = String::from_utf16(&units).map_err(|_| Refusal::unwilling(0x001f))?;
    let password = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .ok_or_else(|| Refusal::unwilling(0x001f))?;
    let kinds = [
        password.chars().any(char::is_lowercase),
        password.chars().any(char::is_uppercase),
        password.chars().any(|letter| letter.is_ascii_digit()),
        password.chars().any(|letter| !letter.is_alphanumeric()),
    ];
    let enough = kinds.into_iter().filter(|there| *there).count() >= 3;
    if password.chars().count() < least || !enough {
        return Err(Refusal::password_policy());
    }
    Ok(password.to_owned())
}
