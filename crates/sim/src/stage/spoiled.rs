//! Answers that no vendor should give, and some give all the same.

use std::convert::Infallible;

use axum::{
    body::Body,
    http::{
        header::{CONTENT_ENCODING, CONTENT_TYPE},
        response::Parts,
    },
    response::{Html, IntoResponse, Response},
};
use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};
use futures_util::stream::{self, StreamExt};
use tokio::sync::watch;

const MIB: usize = 1 << 20;
const START: &[u8] = b"{\"note\":\"";
const END: &[u8] = b"\"}";
/// What stands before compressed data without a name or time (RFC 1952, section 2.3).
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// What one gets whose session is over, where there should be JSON.
pub(super) fn sign_in_page() -> Response {
    Html("<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to go on.</body></html>")
        .into_response()
}

/// The body with a byte in it that no text has, in place of a letter near its middle.
pub(super) fn no_text(body: &[u8]) -> Bytes {
    let mut spoiled = body.to_vec();
    let letters = spoiled.iter_mut().skip(body.len() / 2);
    if let Some(letter) = letters.into_iter().find(|byte| byte.is_ascii_alphabetic()) {
        *letter = 0xff;
    }
    spoiled.into()
}

/// Sends half of the body, and nothing more until the server stops.
pub(super) fn stall(
    (parts, half, _): (Parts, Bytes, usize),
    mut stopping: watch::Receiver<bool>,
) -> Response {
    let silence = stream::once(async move {
        // Whoever could say so is gone: that is the end as well.
        let _ = stopping.wait_for(|stopping| *stopping).await;
        Ok::<_, Infallible>(Bytes::new())
    });
    Response::from_parts(parts, Body::from_stream(stream::iter([Ok(half)]).chain(silence)))
}

/// A text of so many MiB in an object. No more than one of them is in memory.
pub(super) fn huge(mib: u32) -> Response {
    let piece = Bytes::from(vec![b'a'; MIB]);
    let pieces = (0..mib).map(move |_| piece.clone());
    let whole = [Bytes::from_static(START)]
        .into_iter()
        .chain(pieces)
        .chain([Bytes::from_static(END)]);
    let body = Body::from_stream(stream::iter(whole.map(Ok::<_, Infallible>)));
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

/// The same, compressed to a thousandth. It lacks the checksum at its end, which nobody should come to.
pub(super) fn gzip_bomb(mib: u32) -> Response {
    let mut packer = Compress::new(Compression::best(), false);
    let start = packed(&mut packer, START);
    // A full flush lets a block begin as if nothing had been before it, so that the same one can be sent again.
    let piece = packed(&mut packer, &vec![b'a'; MIB]);
    let pieces = (0..mib).map(move |_| piece.clone());
    let head = Bytes::from_static(&GZIP_HEAD);
    let whole = [head, start].into_iter().chain(pieces);
    let body = Body::from_stream(stream::iter(whole.map(Ok::<_, Infallible>)));
    let headers = [(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")];
    (headers, body).into_response()
}

fn packed(packer: &mut Compress, bytes: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(bytes.len() / 100 + 4096);
    // There is room for all of it.
    let _ = packer.compress_vec(bytes, &mut out, FlushCompress::Full);
    out.into()
}
