//! Steps that only a cloud directory can carry out.

use super::super::automation::Step;
use super::super::tree::join;
use super::Checker;
use super::steps::{each, is_all};
use super::texts::Secrets;
use crate::cloud::Photo;

/// Steps that no listing shows to be done, so that they are planned when their event begins.
fn once(step: &Step) -> [(&'static str, bool); 5] {
    [
        ("revoke_sessions", step.revoke_sessions.is_some()),
        ("set_auto_reply", step.set_auto_reply.is_some()),
        ("set_photo", step.set_photo.is_some()),
        ("remove_photo", step.remove_photo.is_some()),
        ("convert_mailbox", step.convert_mailbox.is_some()),
    ]
}

impl Checker<'_> {
    pub(super) fn cloud_step(&mut self, path: &str, step: &Step) {
        for (path, text) in cloud_formats(path, step) {
            if text.trim().is_empty() {
                self.error(
                    &path,
                    "an empty text",
                    "write what is meant, or leave the step out",
                );
                continue;
            }
            if text == "all" && !path.ends_with("set_auto_reply") {
                let hint = "only `revoke_licences: all`, without a list, means all licences";
                self.error(&path, "`all`, which is not the name of a licence", hint);
                continue;
            }
            self.format(&path, text, Secrets::Refused);
        }
        if let Some(photo) = step.set_photo.as_deref().filter(|text| !text.contains("{{"))
            && let Err(found) = Photo::from_base64(photo)
        {
            let hint = "write a picture in Base64, or a format that gives one, for example `{{ photo }}`";
            self.error(&join(path, "set_photo"), found, hint);
        }
        for (name, _) in once(step).into_iter().filter(|(_, asked)| *asked) {
            if step.after.is_some() {
                let found = format!("`after` with `{name}`, which is done when the event begins");
                self.error(&join(path, "after"), found, "leave `after` out of this step");
            }
        }
    }
}

/// The formats of such steps, with their paths.
pub(super) fn cloud_formats<'s>(path: &str, step: &'s Step) -> Vec<(String, &'s str)> {
    let mut formats = Vec::new();
    for (field, licences) in [
        ("assign_licences", &step.assign_licences),
        ("revoke_licences", &step.revoke_licences),
    ] {
        let Some(licences) = licences else { continue };
        if field == "revoke_licences" && is_all(licences) {
            continue;
        }
        formats.extend(each(&join(path, field), licences).map(|(path, text)| (path, text.as_str())));
    }
    if let Some((internal, external)) = step.set_auto_reply.as_ref().and_then(|reply| reply.texts()) {
        let path = join(path, "set_auto_reply");
        formats.push((path.clone(), internal));
        formats.extend(external.map(|external| (join(&path, "external"), external)));
    }
    // A picture that is written out is no format, and is looked at as a picture.
    let photo = step.set_photo.as_deref().filter(|text| text.contains("{{"));
    formats.extend(photo.map(|text| (join(path, "set_photo"), text)));
    formats
}
