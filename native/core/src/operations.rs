//! The operation table: a history as columns, validated once.

use std::fmt;

/// The completion of an operation whose outcome is unknown.
pub const PENDING: u32 = u32::MAX;

/// More rows than this would not leave room for ids beside them.
pub(crate) const MAX_ROWS: usize = 1 << 30;

/// A table that no client can have observed, or that its model cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The row at fault, where one is.
    pub row: Option<usize>,
    /// What is wrong with it.
    pub reason: String,
}

impl Malformed {
    pub(crate) fn at(row: usize, reason: impl Into<String>) -> Self {
        Self {
            row: Some(row),
            reason: reason.into(),
        }
    }

    fn whole(reason: impl Into<String>) -> Self {
        Self {
            row: None,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some(row) => write!(f, "row {row}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Malformed {}

/// Operations as a struct of arrays, one row each, in any order.
///
/// `invoked` and `completed` are ranks on one timeline: row a really precedes row b exactly when
/// `completed(a) < invoked(b)`, so equal ranks are concurrent. `completed` is [`PENDING`] when the
/// outcome is unknown. What `kind` and `arguments` mean is the model's affair.
#[derive(Debug, Clone, Default)]
pub struct OperationTable {
    invoked: Vec<u32>,
    completed: Vec<u32>,
    kinds: Vec<u8>,
    arguments: Vec<u32>,
    /// How many arguments each row has, as long as all have the same number.
    width: usize,
    /// Where the arguments of each row begin, and the last ones end; empty as long as all rows
    /// have the same number of arguments.
    offsets: Vec<u32>,
}

impl OperationTable {
    /// Take columns; the arguments of row i are `arguments[offsets[i]..offsets[i + 1]]`.
    ///
    /// # Errors
    /// [`Malformed`] when the columns differ in length, an offset points outside, or an operation
    /// completes before its invocation.
    pub fn new(
        invoked: Vec<u32>,
        completed: Vec<u32>,
        kinds: Vec<u8>,
        offsets: Vec<u32>,
        arguments: Vec<u32>,
    ) -> Result<Self, Malformed> {
        let rows = kinds.len();
        if rows > MAX_ROWS {
            return Err(Malformed::whole(format!("more than {MAX_ROWS} operations")));
        }
        if invoked.len() != rows || completed.len() != rows || offsets.len() != rows + 1 {
            return Err(Malformed::whole(format!(
                "columns differ in length: {rows} kinds, {} invocations, {} completions, {} \
                 offsets (one more than rows)",
                invoked.len(),
                completed.len(),
                offsets.len(),
            )));
        }
        if offsets[0] != 0 || offsets[rows] as usize != arguments.len() {
            return Err(Malformed::whole("the offsets do not span the arguments"));
        }
        for row in 0..rows {
            if offsets[row] > offsets[row + 1] {
                return Err(Malformed::at(row, "its offsets decrease"));
            }
            if invoked[row] > completed[row] {
                return Err(Malformed::at(row, "it completes before its invocation"));
            }
        }
        Ok(Self {
            invoked,
            completed,
            kinds,
            arguments,
            width: 0,
            offsets,
        })
    }

    /// An empty table with room for so many rows and arguments, which takes memory once it is used.
    pub(crate) fn with_capacity(rows: usize, arguments: usize) -> Self {
        Self {
            invoked: Vec::with_capacity(rows),
            completed: Vec::with_capacity(rows),
            kinds: Vec::with_capacity(rows),
            arguments: Vec::with_capacity(arguments),
            width: 0,
            offsets: Vec::new(),
        }
    }

    /// Add one row.
    ///
    /// # Panics
    /// If the operation completes before its invocation, or the table is full: for callers that
    /// build histories, not for those that read them.
    #[inline]
    pub fn push(&mut self, invoked: u32, completed: u32, kind: u8, arguments: &[u32]) {
        assert!(
            invoked <= completed,
            "an operation completes after its invocation"
        );
        assert!(self.len() < MAX_ROWS, "the table is full");
        if self.is_empty() {
            self.width = arguments.len();
        } else if self.offsets.is_empty() && arguments.len() != self.width {
            self.widths_differ();
        }
        self.invoked.push(invoked);
        self.completed.push(completed);
        self.kinds.push(kind);
        self.arguments.extend_from_slice(arguments);
        if !self.offsets.is_empty() {
            self.offsets.push(id(self.arguments.len()));
        }
    }

    /// Note from now on where each row's arguments begin.
    #[cold]
    fn widths_differ(&mut self) {
        self.offsets.reserve(self.kinds.capacity() + 1);
        let starts = (0..=self.len()).map(|row| id(row * self.width));
        self.offsets.extend(starts);
    }

    /// How many operations there are.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there is none.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The rank of a row's invocation.
    #[must_use]
    #[inline]
    pub fn invoked(&self, row: usize) -> u32 {
        self.invoked[row]
    }

    /// The rank of a row's completion, [`PENDING`] when its outcome is unknown.
    #[must_use]
    #[inline]
    pub fn completed(&self, row: usize) -> u32 {
        self.completed[row]
    }

    /// Whether a row's outcome is unknown: it may take effect at any time, or never.
    #[must_use]
    #[inline]
    pub fn is_pending(&self, row: usize) -> bool {
        self.completed[row] == PENDING
    }

    /// What a row does, in its model's numbering.
    #[must_use]
    #[inline]
    pub fn kind(&self, row: usize) -> u8 {
        self.kinds[row]
    }

    /// What a row was asked and answered, in its model's terms.
    #[must_use]
    #[inline]
    pub fn arguments(&self, row: usize) -> &[u32] {
        if self.offsets.is_empty() {
            let start = row * self.width;
            return &self.arguments[start..start + self.width];
        }
        &self.arguments[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }

    /// The arguments of all rows, one row after the other.
    pub(crate) fn all_arguments(&self) -> &[u32] {
        &self.arguments
    }
}

/// A position in a table or arena as an id. Tables are bounded, so it fits.
pub(crate) fn id(position: usize) -> u32 {
    u32::try_from(position).expect("tables and arenas hold fewer than 2^32 entries")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_unequal_length_are_refused() {
        let error = OperationTable::new(vec![0], vec![1], vec![0, 0], vec![0, 0, 0], vec![]);
        assert!(error.unwrap_err().reason.contains("differ in length"));
    }

    #[test]
    fn a_completion_before_the_invocation_is_refused_with_its_row() {
        let error = OperationTable::new(
            vec![0, 5],
            vec![1, 4],
            vec![0, 0],
            vec![0, 0, 0],
            Vec::new(),
        );
        assert_eq!(error.unwrap_err().row, Some(1));
    }

    #[test]
    fn offsets_must_span_the_arguments_and_never_decrease() {
        let outside = OperationTable::new(vec![0], vec![1], vec![0], vec![0, 2], vec![7]);
        assert!(outside.is_err());
        let falling =
            OperationTable::new(vec![0, 2], vec![1, 3], vec![0, 0], vec![0, 2, 1], vec![7]);
        assert_eq!(falling.unwrap_err().row, Some(1));
    }

    #[test]
    fn rows_read_back_as_they_were_pushed() {
        let mut table = OperationTable::default();
        table.push(0, 3, 1, &[7, 8]);
        table.push(1, PENDING, 2, &[]);
        assert_eq!((table.len(), table.is_empty()), (2, false));
        assert_eq!(table.arguments(0), [7, 8]);
        assert!(table.arguments(1).is_empty());
        assert!(table.is_pending(1) && !table.is_pending(0));
    }
}
