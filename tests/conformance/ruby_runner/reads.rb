# frozen_string_literal: true

# Steps of reads that are compared with each other.
module Reads
  # Reads many keys at once, and each by itself, which must tell the same (R1).
  def do_get_many(keys: [], many: nil, expect: UNSET, count: nil, store: "main", error: nil)
    reader = @stores[store]
    named = many ? many_keys(**many) : keys.map { |key| @names.text(key) }
    found = expecting(error) { reader.get_many(named) }
    return if error

    assert found == named.map { |key| reader.get(key) }, "get_many and get differ"
    unless expect.equal?(UNSET)
      values = expect.map { |text| text && @names.octets(text) }
      assert_equal values, found.map { |entry| entry&.value }
    end
    assert_equal count, found.compact.size if count
  end

  # That keys, scan, get, get_many and entry tell the same (R4).
  def do_info(store: "main", expect: {}, error: nil)
    info = expecting(error) { @stores[store].info }
    expect.each do |name, value|
      case name.to_s
      when "version" then assert_equal @names.token(value), info.version
      when "limits" then value.each { |limit, is| same_limit(is, info.limits, limit) }
      else assert_equal value, info.public_send(name), name.to_s
      end
    end
  end

  def same_limit(value, limits, name)
    told = limits.public_send(name)
    assert value == told, "#{name} is #{told.inspect}"
  end

  def do_reads_agree(prefix: "", store: "main")
    reader = @stores[store]
    entries = reader.scan(prefix)
    keys = entries.map(&:key)
    assert keys == keys.uniq.sort_by(&:b), "out of order, or twice"
    assert keys == reader.keys(prefix), "keys and scan differ"
    assert entries == reader.get_many(keys), "get_many and scan differ"
    entries.each do |entry|
      assert_equal entry, reader.get(entry.key)
      assert_equal entry, reader.entry(entry.key)
    end
  end
end
