//! Where the bytes of a history come from: a file, plain or compressed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

use crate::history::MalformedHistory;

use super::{Limits, ReadError};

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file's bytes, as they are.
pub(super) fn load(path: &Path, limits: &Limits) -> Result<Vec<u8>, ReadError> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > limits.max_bytes {
        return Err(too_long(limits).into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    let limit = limits.max_bytes.saturating_add(1);
    (&mut file).take(limit).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limits.max_bytes {
        return Err(too_long(limits).into());
    }
    Ok(bytes)
}

/// What bytes hold, if they are compressed; else themselves. A mark of their order is dropped.
pub(super) fn unpack(bytes: Vec<u8>, limits: &Limits) -> Result<Vec<u8>, MalformedHistory> {
    let mut plain = if bytes.starts_with(GZIP) {
        gunzip(&bytes, limits)?
    } else if bytes.starts_with(ZSTD) {
        unzstd(&bytes, limits)?
    } else {
        bytes
    };
    if plain.starts_with(BYTE_ORDER_MARK) {
        plain.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(plain)
}

/// Unpack each member; zeros may pad them.
fn gunzip(packed: &[u8], limits: &Limits) -> Result<Vec<u8>, MalformedHistory> {
    let mut plain = Vec::new();
    let mut rest = packed;
    while !rest.is_empty() {
        let mut member = GzDecoder::new(rest);
        append(&mut member, &mut plain, limits, "gzip")?;
        rest = member.into_inner();
        let padding = rest.iter().take_while(|&&byte| byte == 0).count();
        rest = &rest[padding..];
    }
    Ok(plain)
}

/// Unpack each frame of zstd, and pass over those that are to be skipped.
///
/// # Errors
/// [`MalformedHistory`]: it is damaged, or unfolds to more than is allowed.
pub fn unzstd(packed: &[u8], limits: &Limits) -> Result<Vec<u8>, MalformedHistory> {
    const SKIPPED_HEADER: usize = 8;
    let mut plain = Vec::new();
    let mut rest = packed;
    while !rest.is_empty() {
        let mut frame = match StreamingDecoder::new(rest) {
            Ok(frame) => frame,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                let behind = rest.get(length.saturating_add(SKIPPED_HEADER)..);
                rest = behind.ok_or_else(|| damaged("zstd", &"a skipped frame is cut off"))?;
                continue;
            }
            Err(error) => return Err(damaged("zstd", &error)),
        };
        append(&mut frame, &mut plain, limits, "zstd")?;
        let (behind, decoder) = frame.into_parts();
        let promised = decoder.get_checksum_from_data();
        if promised.is_some() && promised != decoder.get_calculated_checksum() {
            return Err(damaged("zstd", &"the checksum does not fit"));
        }
        rest = behind;
    }
    Ok(plain)
}

fn append(
    packed: &mut impl Read,
    plain: &mut Vec<u8>,
    limits: &Limits,
    name: &str,
) -> Result<(), MalformedHistory> {
    let room = limits.max_bytes.saturating_sub(plain.len() as u64);
    packed
        .take(room.saturating_add(1))
        .read_to_end(plain)
        .map_err(|error: io::Error| damaged(name, &error))?;
    if plain.len() as u64 > limits.max_bytes {
        return Err(too_long(limits));
    }
    Ok(())
}

fn damaged(name: &str, error: &dyn std::fmt::Display) -> MalformedHistory {
    MalformedHistory::whole(format!("the {name} data is damaged: {error}"))
}

fn too_long(limits: &Limits) -> MalformedHistory {
    let reason = format!("longer than {} bytes when decompressed", limits.max_bytes);
    MalformedHistory::whole(reason)
}
