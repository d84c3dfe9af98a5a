//! The most telling anomaly found so far.

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

/// No certificate names more rows.
const ROWS_MAX: usize = 4;

/// What is wrong, and what could not be decided.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) undecided: Option<&'static str>,
    pub(super) certificate: Option<Certificate>,
}

impl Findings {
    pub(super) fn is_empty(&self) -> bool {
        self.certificate.is_none() && self.undecided.is_none()
    }

    /// Add an anomaly: the first of the most telling name is kept.
    pub(super) fn add(&mut self, anomaly: &'static str, rows: impl IntoIterator<Item = u32>) {
        if let Some(known) = &self.certificate
            && rank(known.anomaly) <= rank(anomaly)
        {
            return;
        }
        let mut distinct = Vec::new();
        for row in rows {
            if !distinct.contains(&row) && distinct.len() < ROWS_MAX {
                distinct.push(row);
            }
        }
        self.certificate = Some(Certificate {
            anomaly,
            rows: distinct,
        });
    }

    /// Leave the question to the search, unless an anomaly answers it.
    pub(super) fn leave(&mut self, reason: &'static str) {
        self.undecided.get_or_insert(reason);
    }
}

fn rank(anomaly: &str) -> usize {
    let place = TELLING.iter().position(|&name| name == anomaly);
    place.expect("anomalies of streams are listed")
}
