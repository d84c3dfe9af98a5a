"""Who may call: bearer tokens, each with the right to read or to append, from a file.

A line is ``read TOKEN`` or ``append TOKEN`` (who may append may read); empty lines and those that
begin with ``#`` say nothing. Make a token with ``openssl rand -base64 32``.
"""

from __future__ import annotations

import enum
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from eventstore.errors import ConfigError

__all__ = ["Right", "TokenRefused", "Tokens"]

TOKEN_LENGTH_MIN: Final = 20
"""Shorter than this a token can be guessed."""

_SCHEME: Final = "Bearer "


class Right(enum.StrEnum):
    """What a token allows."""

    READ = "read"
    APPEND = "append"


class TokenRefused(Exception):
    """A call has no token, an unknown one, or one without the right; the message says which."""

    def __init__(self, reason: str, *, known: bool) -> None:
        super().__init__(reason)
        self.known = known


class Tokens:
    """The tokens that a server accepts; none at all means that everybody may do everything."""

    def __init__(self, rights: Mapping[str, Right]) -> None:
        self._rights = {token.encode(): right for token, right in rights.items()}

    @classmethod
    def read_from(cls, path: Path) -> Tokens:
        """Read a file of tokens.

        Raises:
            ConfigError: it cannot be read, or says which line is wrong; no token is quoted.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the token file {path} cannot be read: {error}.") from None
        rights: dict[str, Right] = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            right, _, token = line.strip().partition(" ")
            if right not in set(Right) or not token.isascii() or " " in token:
                raise ConfigError(
                    f"{path}, line {number}: it is not `read TOKEN` or `append TOKEN`."
                )
            if len(token) < TOKEN_LENGTH_MIN:
                raise ConfigError(
                    f"{path}, line {number}: the token has {len(token)} characters, which can be "
                    f"guessed; at least {TOKEN_LENGTH_MIN}, as by `openssl rand -base64 32`."
                )
            rights[token] = Right(right)
        if not rights:
            raise ConfigError(f"the token file {path} holds no token, so nobody could call.")
        return cls(rights)

    @property
    def required(self) -> bool:
        """Whether a call needs a token."""
        return bool(self._rights)

    def check(self, authorization: str | None, needed: Right) -> None:
        """Check the metadata ``authorization`` of a call.

        Raises:
            TokenRefused: it does not allow the call.
        """
        if not self._rights:
            return
        if authorization is None or not authorization.startswith(_SCHEME):
            raise TokenRefused(
                "the server asks for a token: send the metadata `authorization: Bearer TOKEN`.",
                known=False,
            )
        given = authorization.removeprefix(_SCHEME).encode()
        found = None
        for token, right in self._rights.items():  # all of them, so that time tells nothing
            if hmac.compare_digest(token, given):
                found = right
        if found is None:
            raise TokenRefused("the server does not know this token.", known=False)
        if needed is Right.APPEND and found is not Right.APPEND:
            raise TokenRefused("this token may read and not append.", known=True)
