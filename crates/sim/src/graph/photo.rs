//! The picture of a user.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    call::{Call, bad_request, no_content, ok, refuse},
    desk::Desk,
    record::PHOTO,
    server::Shared,
    users::find,
};
use crate::stage::{
    answer::{Answer, Object, Refused},
    encoding::{base64, from_base64},
};

/// The most bytes that a picture may have.
const MOST: usize = 4 << 20;

fn kept(desk: &Desk, id: &str) -> Result<Vec<u8>, Refused> {
    let number = find(desk, id)?.number();
    let coded = desk.register.written(number, PHOTO).and_then(Value::as_str);
    coded.and_then(from_base64).ok_or_else(|| {
        refuse(
            StatusCode::NOT_FOUND,
            "ImageNotFound",
            "Exception of type 'ImageNotFoundException' was thrown.",
        )
        .into()
    })
}

fn media_type(photo: &[u8]) -> Option<&'static str> {
    match photo {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        _ => None,
    }
}

pub(super) fn show(server: &Shared, id: &str) -> Answer {
    let photo = kept(&server.desk.look(), id)?;
    let mut hasher = DefaultHasher::new();
    photo.hash(&mut hasher);
    Ok(ok(&json!({
        "@odata.context": server.link("$metadata#users/photo/$entity"),
        "@odata.mediaContentType": media_type(&photo),
        "@odata.mediaEtag": format!("\"{:016X}\"", hasher.finish()),
        "id": "240x240",
        "height": 240,
        "width": 240,
    })))
}

pub(super) fn bytes(server: &Shared, id: &str) -> Answer {
    let photo = kept(&server.desk.look(), id)?;
    let kind = HeaderValue::from_static(media_type(&photo).unwrap_or("application/octet-stream"));
    let mut answer = Response::new(Body::from(photo));
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(answer)
}

pub(super) fn set(server: &Shared, call: &Call, id: &str) -> Answer {
    let mut desk = server.desk.touch();
    let number = find(&desk, id)?.number();
    if call.body.len() > MOST {
        return Err(refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLarge",
            "The image is too large.",
        )
        .into());
    }
    if media_type(&call.body).is_none() {
        return Err(bad_request("The image is of an unknown format."));
    }
    let fields = Object::from_iter([(PHOTO.to_owned(), base64(&call.body).into())]);
    desk.register.write(Some(number), fields);
    let mut answer = no_content();
    *answer.status_mut() = StatusCode::OK;
    Ok(answer)
}

pub(super) fn remove(server: &Shared, id: &str) -> Answer {
    let mut desk = server.desk.touch();
    kept(&desk, id)?;
    let number = find(&desk, id)?.number();
    let fields = Object::from_iter([(PHOTO.to_owned(), Value::Null)]);
    desk.register.write(Some(number), fields);
    Ok(no_content())
}
