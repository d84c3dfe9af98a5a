//! The readers on damaged files: what the fuzz targets do, as an ordinary bounded test.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use trueorder_core::read::Format;

use support::cases;
use support::reading::read_any;

/// Files larger than this would take most of the time.
const LARGEST: usize = 20_000;

/// Recorded and malformed histories, of every format, and where the fuzzer begins.
fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = Vec::from(
        [
            "../../tests/checker/corpora",
            "../../tests/checker/malformed",
            "fuzz/seeds",
            "fuzz/regressions",
        ]
        .map(|folder| here.join(folder)),
    );
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the corpora are in the repository") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).expect("the file can be read");
            if bytes.len() <= LARGEST {
                files.push((path, bytes));
            }
        }
    }
    files.sort();
    files
}

/// A cut, a copy or an insertion.
#[derive(Debug, Clone)]
struct Damage {
    at: prop::sample::Index,
    length: usize,
    patch: Vec<u8>,
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let patch = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        prop::sample::select(vec![
            b"\"".to_vec(),
            b"\n".to_vec(),
            b"{".to_vec(),
            b"]".to_vec(),
            b"\\u".to_vec(),
            b"[".repeat(200),
            b"{\"a\":".repeat(150),
            b"#_ #a ".repeat(3),
            b"1e999".to_vec(),
            b"9".repeat(30),
            b"\xc2\xa0".to_vec(),
            b"null".to_vec(),
            b"nil".to_vec(),
        ]),
    ];
    let damage = (any::<prop::sample::Index>(), 0_usize..20, patch);
    let damage = damage.prop_map(|(at, length, patch)| Damage { at, length, patch });
    prop::collection::vec(damage, 1..4)
}

fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        let start = damage.at.index(bytes.len() + 1);
        let end = bytes.len().min(start + damage.length);
        bytes.splice(start..end, damage.patch.iter().copied());
    }
    bytes
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn is_packed(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end == "gz" || end == "zst")
}

#[test]
fn every_recorded_history_is_read() {
    let recorded = corpus().into_iter().filter(|(path, _)| {
        let mut parts = path.components();
        parts.any(|part| part.as_os_str() == "corpora" || part.as_os_str() == "seeds")
            && path
                .extension()
                .is_some_and(|end| end != "md" && end != "tsv")
            // A list of cases, each with histories in it.
            && !path.ends_with("elle/cases.jsonl")
    });
    let mut count = 0;
    for (path, bytes) in recorded {
        assert!(read_any(&bytes, None), "{}", path.display());
        if !is_packed(&path) {
            assert!(read_any(&gzipped(&bytes), None), "{}", path.display());
        }
        count += 1;
    }
    assert!(count >= 18);
}

#[test]
fn what_once_broke_a_reader_is_read_or_refused() {
    for (_, bytes) in corpus() {
        read_any(&bytes, None);
        for format in Format::ALL {
            read_any(&bytes, Some(format));
        }
    }
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn damaged_files_are_read_or_refused(
        file in any::<prop::sample::Index>(),
        damages in damages(),
        format in prop::option::of(prop::sample::select(Format::ALL.to_vec())),
        packed in prop::bool::weighted(0.2),
    ) {
        let corpus = corpus();
        let (_, bytes) = &corpus[file.index(corpus.len())];
        let bytes = if packed { gzipped(bytes) } else { bytes.clone() };
        read_any(&damaged(&bytes, &damages), format);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        format in prop::sample::select(Format::ALL.to_vec()),
        magic in prop::sample::select(vec![&b""[..], b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd"]),
    ) {
        read_any(&[magic, &bytes].concat(), None);
        read_any(&bytes, Some(format));
    }
}
