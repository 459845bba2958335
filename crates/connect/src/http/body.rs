//! Reading an answer's body: counted while it comes, after decompression, and never more than its bound.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

/// How reading a body can fail.
pub(crate) enum BodyTrouble {
    /// It is longer than the bound. What came was thrown away.
    TooLarge,
    /// The exchange failed.
    Exchange(reqwest::Error),
}

/// How much memory is set aside before anything came, whatever length was announced.
const FIRST_RESERVE: u64 = 1 << 20;

/// The whole body, or an error as soon as it is known to be longer than `limit` bytes.
pub(crate) async fn read_all(mut response: Response, limit: u64) -> Result<Bytes, BodyTrouble> {
    let announced = response.content_length().unwrap_or(0);
    if announced > limit {
        return Err(BodyTrouble::TooLarge);
    }
    let mut whole =
        BytesMut::with_capacity(usize::try_from(announced.min(FIRST_RESERVE)).unwrap_or_default());
    while let Some(piece) = response.chunk().await.map_err(BodyTrouble::Exchange)? {
        if (whole.len() as u64).saturating_add(piece.len() as u64) > limit {
            return Err(BodyTrouble::TooLarge);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// The start of a body that only people will read; errors while reading it end it.
pub(crate) async fn read_start(mut response: Response, limit: usize) -> Bytes {
    let mut start = BytesMut::new();
    while let Ok(Some(piece)) = response.chunk().await {
        let room = limit.saturating_sub(start.len());
        start.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
        if start.len() >= limit {
            break;
        }
    }
    start.freeze()
}

/// A body as one short line of text: no control characters, no runs of spaces, at most `limit` characters.
pub(crate) fn excerpt(body: &[u8], limit: usize) -> String {
    // Four bytes a character at most, and as much again for spaces that are dropped.
    let start = body.get(..body.len().min(limit * 8)).unwrap_or_default();
    let text = String::from_utf8_lossy(start);
    let mut line = String::new();
    let mut length = 0;
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !line.is_empty() && length < limit {
            line.push(' ');
            length += 1;
        }
        for c in word.chars() {
            if length >= limit {
                line.push('…');
                return line;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(
            excerpt(b"{\n  \"message\":\t\"no\"\x00\n}", 40),
            "{ \"message\": \"no\" }"
        );
        assert_eq!(excerpt(b"ab cd", 2), "ab…");
        assert_eq!(excerpt("ä".repeat(50).as_bytes(), 3), "äää…");
        assert_eq!(excerpt(b"\xff", 3), "\u{fffd}");
    }
}
