//! A column of numbers, copied out of a Python buffer.

use pyo3::buffer::{Element, PyUntypedBuffer};
use pyo3::prelude::*;

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
