# frozen_string_literal: true

# What `as:` saved and `$name` stands for: bytes.
class Names
  def initialize(saved = {})
    @saved = saved
  end

  def save(name, bytes)
    @saved[name] = bytes.b
  end

  def with(name, bytes) = Names.new(@saved.merge(name => bytes.b))

  def octets(text)
    case text
    in String if text.start_with?("$") then @saved.fetch(text[1..])
    in String then text.b
    in { repeat: part, times: times } then part.b * Integer(times)
    in { hex: digits } then [digits].pack("H*")
    end
  end

  def text(text) = octets(text).dup.force_encoding(Encoding::UTF_8)

  def token(token)
    case token
    in "" | /\A\$/ | { hex: _ } then octets(token)
    in { ahead_of: name, by: by } then ahead(octets(name), Integer(by))
    in { after: version }
      bytes = token(version)
      [1, bytes.bytesize].pack("CC") + ("\0" * 16).b + bytes
    in { mangled: name }
      bytes = octets(name)
      [bytes.getbyte(0) ^ 0x80].pack("C") + bytes[1..]
    end
  end

  private

  def ahead(bytes, by)
    bytes[...-8] + [(bytes[-8..].unpack1("Q>") + by) % 2**64].pack("Q>")
  end
end
