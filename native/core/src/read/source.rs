//! Where the bytes of a history come from: a file, plain or compressed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::thread;

use flate2::bufread::GzDecoder;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

use crate::history::MalformedHistory;

use super::{Limits, ReadError};

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Files of at least this many bytes are read by several threads.
const LARGE: usize = 1 << 24;

/// A file's bytes, as they are.
pub(super) fn load(path: &Path, limits: &Limits) -> Result<Vec<u8>, ReadError> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > limits.max_bytes {
        return Err(too_long(limits).into());
    }
    let size = usize::try_from(size).unwrap_or_default();
    let mut bytes = load_large(&file, size).unwrap_or_else(|| Vec::with_capacity(size + 1));
    if !bytes.is_empty() {
        file.seek(SeekFrom::Start(bytes.len() as u64))?;
    }
    // What was not read above, or was appended since, or has no size: a pipe, say.
    let room = limits.max_bytes.saturating_sub(bytes.len() as u64);
    file.take(room.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limits.max_bytes {
        return Err(too_long(limits).into());
    }
    Ok(bytes)
}

/// The bytes of a large file, read in parts side by side: most of the time goes into making room.
#[cfg(unix)]
fn load_large(file: &File, size: usize) -> Option<Vec<u8>> {
    use std::os::unix::fs::FileExt;

    let workers = thread::available_parallelism().map_or(1, usize::from);
    if size < LARGE || workers < 2 {
        return None;
    }
    let mut bytes = vec![0; size];
    let part = size.div_ceil(workers);
    let read = thread::scope(|scope| {
        let readers: Vec<_> = (bytes.chunks_mut(part).enumerate())
            .map(|(number, room)| {
                let from = (number * part) as u64;
                scope.spawn(move || file.read_exact_at(room, from).is_ok())
            })
            .collect();
        // Every reader is joined, also after one that failed.
        let whole: Vec<bool> = (readers.into_iter())
            .map(|reader| reader.join().unwrap_or(false))
            .collect();
        !whole.contains(&false)
    });
    // A file that shrinks meanwhile is read the plain way.
    read.then_some(bytes)
}

#[cfg(not(unix))]
fn load_large(_: &File, _: usize) -> Option<Vec<u8>> {
    None
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
    MalformedHistory {
        too_large: true,
        ..MalformedHistory::whole(reason)
    }
}
