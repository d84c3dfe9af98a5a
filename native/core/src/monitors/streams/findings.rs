//! The anomalies found so far: bounded, and the most telling first.

use crate::monitors::Certificate;

/// Every anomaly of streams; what explains the others stands before them.
const TELLING: [&str; 16] = [
    "lost-append",
    "phantom",
    "aborted-visible",
    "late-position",
    "torn-read",
    "divergent",
    "duplicate",
    "overlap",
    "missing-events",
    "expected-violated",
    "version-mismatch",
    "unjustified-conflict",
    "future-read",
    "stale-read",
    "stale-append",
    "no-state",
];

/// One bug can break thousands of operations: no more is reported of one part,
const FOUND_MAX: usize = 8;
/// nor of one name.
const OF_A_NAME_MAX: usize = 4;

/// What is wrong, and what could not be decided.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) undecided: Option<&'static str>,
    found: Vec<Certificate>,
}

impl Findings {
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty() && self.undecided.is_none()
    }

    /// Add an anomaly, unless enough of its name were found or this one was already.
    pub(super) fn add(&mut self, anomaly: &'static str, rows: impl IntoIterator<Item = u32>) {
        let alike = self.found.iter().filter(|known| known.anomaly == anomaly);
        if alike.clone().count() == OF_A_NAME_MAX {
            return;
        }
        let mut distinct = Vec::new();
        for row in rows {
            if !distinct.contains(&row) {
                distinct.push(row);
            }
        }
        if alike.clone().all(|known| known.rows != distinct) {
            self.found.push(Certificate {
                anomaly,
                rows: distinct,
            });
        }
    }

    /// Leave the question to the search, unless an anomaly answers it.
    pub(super) fn leave(&mut self, reason: &'static str) {
        self.undecided.get_or_insert(reason);
    }

    /// The anomalies, the most telling name first, each name's in the order found.
    pub(super) fn into_certificates(mut self) -> Vec<Certificate> {
        self.found
            .sort_by_key(|certificate| rank(certificate.anomaly));
        self.found.truncate(FOUND_MAX);
        self.found
    }
}

fn rank(anomaly: &str) -> usize {
    let place = TELLING.iter().position(|&name| name == anomaly);
    place.expect("anomalies of streams are listed")
}
