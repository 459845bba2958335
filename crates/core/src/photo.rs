//! Pictures of people: taken from Base64, made to fit what directories take, and told apart by their digest.

use std::fmt;
use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::attribute::AttributeName;

/// Attributes of directories that hold a picture: Active Directory's, and RFC 2798's.
pub const PHOTO_ATTRIBUTES: [&str; 3] = ["thumbnailPhoto", "jpegPhoto", "photo"];

/// Whether an attribute holds a picture. Directories show such an attribute as its [`PhotoDigest`].
pub fn is_photo(name: &AttributeName) -> bool {
    PHOTO_ATTRIBUTES.iter().any(|photo| name.is(photo))
}

/// A picture in Base64 (RFC 4648, section 4).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Photo(String);

/// The SHA-256 of a picture, as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhotoDigest(String);

impl PhotoDigest {
    /// The digest of a picture's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// A digest as a directory shows it.
    pub fn shown(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As a directory shows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Photo {
    /// The most bytes that a picture may have before it is made to fit.
    pub const MOST_BYTES: usize = 4 << 20;
    /// The most bytes that `thumbnailPhoto` takes.
    pub const FITTING_BYTES: usize = 100 * 1000;
    /// The least and the most pixels of a side that Microsoft's programs show.
    pub const FITTING_SIDE: std::ops::RangeInclusive<u32> = 96..=648;

    /// Takes a picture in Base64; line breaks in it and a `data:` URL around it are left out.
    ///
    /// # Errors
    /// Text that is no Base64, a picture that is no JPEG or PNG, or one that is too large.
    pub fn from_base64(text: &str) -> Result<Self, String> {
        let text = match text.split_once(";base64,") {
            Some((kind, text)) if kind.starts_with("data:") => text,
            _ => text,
        };
        let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let bytes = STANDARD
            .decode(&plain)
            .map_err(|_| "the photo is not Base64".to_owned())?;
        if format_of(&bytes).is_none() {
            return Err("the photo is neither a JPEG nor a PNG picture".to_owned());
        }
        if bytes.len() > Self::MOST_BYTES {
            return Err(format!(
                "the photo has {} KiB, and may have {} at most",
                bytes.len() >> 10,
                Self::MOST_BYTES >> 10
            ));
        }
        Ok(Self(plain))
    }

    /// The picture as a JPEG of less than 100 KB whose sides have 96 to 648 pixels. One that is so already stays as it is,
    /// to the byte.
    ///
    /// # Errors
    /// A picture that cannot be read.
    pub fn fitting(self) -> Result<Self, String> {
        let bytes = self.to_bytes();
        let broken = |error: &dyn fmt::Display| format!("the photo cannot be read: {error}");
        let format = format_of(&bytes);
        let mut reader = ImageReader::new(Cursor::new(&bytes));
        reader.set_format(format.unwrap_or(ImageFormat::Jpeg));
        let (width, height) = reader.into_dimensions().map_err(|error| broken(&error))?;
        let fits = |side: u32| Self::FITTING_SIDE.contains(&side);
        if format == Some(ImageFormat::Jpeg)
            && fits(width)
            && fits(height)
            && bytes.len() <= Self::FITTING_BYTES
        {
            return Ok(self);
        }
        let mut reader = ImageReader::new(Cursor::new(&bytes));
        reader.set_format(format.unwrap_or(ImageFormat::Jpeg));
        // A small file may claim to be a very large picture.
        let mut limits = Limits::default();
        limits.max_image_width = Some(12_000);
        limits.max_image_height = Some(12_000);
        limits.max_alloc = Some(512 << 20);
        reader.limits(limits);
        let picture = reader.decode().map_err(|error| broken(&error))?;
        let (least, most) = (*Self::FITTING_SIDE.start(), *Self::FITTING_SIDE.end());
        let mut most_now = most;
        loop {
            let sized = sized(&picture, least, most_now);
            for quality in [90, 80, 70, 60] {
                let mut out = Vec::new();
                JpegEncoder::new_with_quality(&mut out, quality)
                    .encode_image(&sized)
                    .map_err(|error| broken(&error))?;
                if out.len() <= Self::FITTING_BYTES {
                    return Ok(Self(STANDARD.encode(out)));
                }
            }
            if most_now <= least {
                return Err("the photo cannot be made small enough".to_owned());
            }
            most_now = (most_now / 2).max(least);
        }
    }

    /// As Base64.
    pub fn as_base64(&self) -> &str {
        &self.0
    }

    /// The picture itself.
    pub fn to_bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.0).unwrap_or_default()
    }

    /// What tells it from others.
    pub fn digest(&self) -> PhotoDigest {
        PhotoDigest::of(&self.to_bytes())
    }

    /// What kind of picture it is, by its first bytes.
    pub fn media_type(&self) -> &'static str {
        // The same in Base64.
        if self.0.starts_with("/9j/") {
            "image/jpeg"
        } else {
            "image/png"
        }
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> usize {
        let padding = self.0.bytes().rev().take_while(|byte| *byte == b'=').count();
        (self.0.len() / 4 * 3).saturating_sub(padding)
    }
}

/// The picture with its longer side at most `most` pixels and its shorter at least `least`, cut where its form does not
/// allow both.
fn sized(picture: &DynamicImage, least: u32, most: u32) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    let plain = DynamicImage::ImageRgb8(picture.to_rgb8());
    if width.min(height) >= least && width.max(height) <= most {
        return plain;
    }
    let shrunk = if width.max(height) > most {
        plain.resize(most, most, FilterType::Lanczos3)
    } else {
        plain
    };
    if shrunk.width().min(shrunk.height()) >= least {
        return shrunk;
    }
    let side = |side: u32| side.clamp(least, most);
    shrunk.resize_to_fill(side(shrunk.width()), side(shrunk.height()), FilterType::Lanczos3)
}

fn format_of(bytes: &[u8]) -> Option<ImageFormat> {
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        Some(ImageFormat::Jpeg)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(ImageFormat::Png)
    } else {
        None
    }
}

impl fmt::Debug for Photo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Photo({} bytes)", self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    /// A picture that cannot be packed well.
    fn picture(width: u32, height: u32, format: ImageFormat) -> Photo {
        let mut state = 1u32;
        let noise = RgbImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb([state.to_be_bytes()[0], state.to_be_bytes()[1], 7])
        });
        let mut out = Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(noise).write_to(&mut out, format).unwrap();
        Photo::from_base64(&STANDARD.encode(out.into_inner())).unwrap()
    }

    fn sides(photo: &Photo) -> (u32, u32) {
        let reader = ImageReader::new(Cursor::new(photo.to_bytes()));
        reader.with_guessed_format().unwrap().into_dimensions().unwrap()
    }

    #[test]
    fn a_fitting_jpeg_stays_as_it_is() {
        let photo = picture(120, 96, ImageFormat::Jpeg);
        assert_eq!(photo.clone().fitting().unwrap(), photo);
    }

    #[test]
    fn every_other_picture_is_made_to_fit() {
        for (width, height, format) in [
            (900, 700, ImageFormat::Jpeg),
            (1000, 200, ImageFormat::Png),
            (40, 50, ImageFormat::Png),
            (1200, 30, ImageFormat::Png),
        ] {
            let photo = picture(width, height, format).fitting().unwrap();
            assert!(photo.bytes() <= Photo::FITTING_BYTES, "{width}x{height}");
            assert_eq!(format_of(&photo.to_bytes()), Some(ImageFormat::Jpeg));
            let (wide, high) = sides(&photo);
            for side in [wide, high] {
                assert!(
                    Photo::FITTING_SIDE.contains(&side),
                    "{width}x{height}: {wide}x{high}"
                );
            }
            // What fits is not packed a second time.
            assert_eq!(photo.clone().fitting().unwrap(), photo);
        }
    }

    #[test]
    fn what_is_no_picture_is_said() {
        for (wrong, why) in [
            ("no!", "the photo is not Base64"),
            ("YWJj", "the photo is neither a JPEG nor a PNG picture"),
            ("", "the photo is neither a JPEG nor a PNG picture"),
        ] {
            assert_eq!(Photo::from_base64(wrong).unwrap_err(), why);
        }
        let cut = Photo::from_base64("/9j/4AAQ").unwrap().fitting().unwrap_err();
        assert!(cut.starts_with("the photo cannot be read: "), "{cut}");
    }
}
