from kit.url import url as url
