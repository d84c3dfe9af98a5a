//! Search and monitors of the Trueorder checker, without Python.
