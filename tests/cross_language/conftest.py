"""The URLs that these tests run on."""

from kit.url import url as url
