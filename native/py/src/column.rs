//! A column of numbers, copied out of a Python buffer or into one.

use pyo3::buffer::{Element, PyUntypedBuffer};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The elements of any object with the buffer protocol, such as `bytes` or an `array`.
pub(crate) struct Column<T>(pub(crate) Vec<T>);

impl<T: Element> FromPyObject<'_, '_> for Column<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(&object)?;
        if buffer.item_count() == 0 {
            // An empty array points anywhere, so the check of its alignment would fail.
            return Ok(Self(Vec::new()));
        }
        buffer.into_typed::<T>()?.to_vec(object.py()).map(Self)
    }
}

/// Numbers as Python's `array` takes them: in this machine's order of bytes.
pub(crate) fn bytes_of<T: Number>(
    py: Python<'_>,
    numbers: impl ExactSizeIterator<Item = T>,
) -> PyResult<Bound<'_, PyBytes>> {
    PyBytes::new_with(py, numbers.len() * size_of::<T>(), |bytes| {
        for (place, number) in bytes.chunks_exact_mut(size_of::<T>()).zip(numbers) {
            place.copy_from_slice(number.to_bytes().as_ref());
        }
        Ok(())
    })
}

/// A number of a column.
pub(crate) trait Number {
    /// Its bytes, in this machine's order.
    fn to_bytes(self) -> impl AsRef<[u8]>;
}

impl Number for u32 {
    fn to_bytes(self) -> impl AsRef<[u8]> {
        self.to_ne_bytes()
    }
}

impl Number for u64 {
    fn to_bytes(self) -> impl AsRef<[u8]> {
        self.to_ne_bytes()
    }
}
